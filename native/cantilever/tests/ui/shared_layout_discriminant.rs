const FIRST: isize = 1;

#[derive(cantilever::SharedLayout)]
enum Kind {
    First = 1 + FIRST,
}

fn main() {}
