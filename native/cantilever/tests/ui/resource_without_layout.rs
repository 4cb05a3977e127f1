#[cantilever::resource]
struct Counter(u64);

fn main() {}
