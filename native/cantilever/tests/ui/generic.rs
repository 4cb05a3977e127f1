#[cantilever::nif]
fn same<T>(value: T) -> T {
    value
}

fn main() {}
