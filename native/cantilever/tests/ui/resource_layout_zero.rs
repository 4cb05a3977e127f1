#[cantilever::resource(layout = 0)]
struct Counter(u64);

fn main() {}
