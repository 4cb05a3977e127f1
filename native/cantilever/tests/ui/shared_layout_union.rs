#[derive(cantilever::SharedLayout)]
union Either {
    a: u32,
    b: f32,
}

fn main() {}
