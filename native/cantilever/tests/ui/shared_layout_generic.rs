#[derive(cantilever::SharedLayout)]
struct Wrapper<T>(T);

fn main() {}
