use cantilever::{Binary, Term};

#[cantilever::nif]
async fn borrows(parts: Vec<Binary<'_>>, _pair: (i64, Option<Term<'_>>)) -> usize {
    parts.len()
}

fn main() {}
