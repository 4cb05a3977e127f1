//! Which point of the complex plane each pixel shows.

const OVERVIEW: Point = Point { re: -0.65, im: 0.0 };
const SEAHORSE_VALLEY: Point = Point {
    re: -0.743_643_887_037_151,
    im: 0.131_825_904_205_330,
};
/// How much of the plane an overview shows along its shorter side.
const OVERVIEW_SPAN: f64 = 2.6;
/// The iterations that an overview needs; more are worth their time only closer up.
const OVERVIEW_ITERATIONS: f64 = 100.0;

/// A point c of the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) re: f64,
    pub(super) im: f64,
}

impl Point {
    /// Whether the point is in the main cardioid or in the disc beside it, which need no steps to be known.
    pub(super) fn is_surely_inside(self) -> bool {
        let im2 = self.im * self.im;
        let re = self.re - 0.25;
        let q = re * re + im2;
        q * (q + re) <= 0.25 * im2 || (self.re + 1.0).powi(2) + im2 <= 0.0625
    }
}

/// A window on the plane, as many pixels wide and high as the picture.
#[derive(Debug)]
pub(super) struct View {
    corner: Point,
    pixel: f64,
}

impl View {
    pub(super) fn new(width: u32, height: u32, max_iterations: u32) -> Self {
        let zoom = (OVERVIEW_ITERATIONS / f64::from(max_iterations))
            .powf(1.5)
            .min(1.0);
        let pixel = OVERVIEW_SPAN * zoom / f64::from(width.min(height));
        let towards = |target: f64, overview: f64| target + (overview - target) * zoom;
        let centre = Point {
            re: towards(SEAHORSE_VALLEY.re, OVERVIEW.re),
            im: towards(SEAHORSE_VALLEY.im, OVERVIEW.im),
        };
        let half = |side: u32| pixel * (f64::from(side) - 1.0) / 2.0;
        let corner = Point {
            re: centre.re - half(width),
            im: centre.im + half(height),
        };
        Self { corner, pixel }
    }

    pub(super) fn point(&self, x: usize, y: usize) -> Point {
        Point {
            re: self.corner.re + self.pixel * x as f64,
            im: self.corner.im - self.pixel * y as f64,
        }
    }
}
