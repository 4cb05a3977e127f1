use cantilever::{Binary, Env, Term};

#[cantilever::nif]
async fn borrows(_env: Env<'_>, text: &str, bytes: Binary<'_>, _term: Term<'_>) -> usize {
    text.len() + bytes.len()
}

fn main() {}
