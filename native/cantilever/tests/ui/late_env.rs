#[cantilever::nif]
fn pid(a: i64, _env: cantilever::Env<'_>) -> i64 {
    a
}

fn main() {}
