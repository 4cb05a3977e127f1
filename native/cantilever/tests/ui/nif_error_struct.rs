#[derive(cantilever::NifError)]
struct Failed;

fn main() {}
