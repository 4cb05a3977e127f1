struct Walk;

impl cantilever::Continuation for Walk {
    fn step<'a>(
        &mut self,
        _env: cantilever::Env<'a>,
        kept: cantilever::Term<'a>,
        _slice: &cantilever::SliceClock<'_>,
    ) -> cantilever::Step<'a> {
        cantilever::Step::Done(kept)
    }
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn walk(term: cantilever::Term<'_>) -> cantilever::Continue<'_, Walk> {
    cantilever::Continue::new(Walk, term)
}

fn main() {}
