struct Scene;

impl Scene {
    #[cantilever::nif]
    fn render(self) -> i64 {
        1
    }
}

fn main() {}
