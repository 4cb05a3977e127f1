use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

fn wanted() -> Result<(), Cancelled> {
    Ok(())
}

fn decoded(png: &[u8]) -> image::RgbImage {
    image::load_from_memory_with_format(png, image::ImageFormat::Png)
        .unwrap()
        .into_rgb8()
}

#[test]
fn is_a_png_of_the_size_asked_for() {
    for (width, height) in [(1, 1), (1, 7), (64, 48), (31, 200)] {
        let picture = decoded(&render(width, height, 50, &wanted).unwrap());
        assert_eq!(picture.dimensions(), (width, height));
    }
}

#[test]
fn shows_the_set_in_black_and_its_surroundings_in_colour() {
    let picture = decoded(&render(90, 60, 100, &wanted).unwrap());
    assert_eq!(
        picture.get_pixel(45, 30).0,
        [0, 0, 0],
        "the middle lies in the set"
    );
    assert_ne!(
        picture.get_pixel(0, 0).0,
        [0, 0, 0],
        "the corner lies outside"
    );
}

#[test]
fn an_overview_is_symmetric_about_the_real_axis() {
    let picture = decoded(&render(40, 41, 100, &wanted).unwrap());
    for (x, y, pixel) in picture.enumerate_pixels() {
        for (mine, mirrored) in pixel.0.iter().zip(picture.get_pixel(x, 40 - y).0) {
            assert!(mine.abs_diff(mirrored) <= 1, "at {x}, {y}");
        }
    }
}

#[test]
fn more_iterations_look_closer() {
    let span = |iterations| {
        let view = View::new(100, 100, iterations);
        view.point(99, 0).re - view.point(0, 0).re
    };
    assert!(span(100) > 2.0);
    assert!(span(1_000) < span(100) / 10.0);
    assert_eq!(span(10), span(100));
}

#[test]
fn points_known_to_be_inside_never_escape() {
    let view = View::new(60, 60, 100);
    for (x, y) in (0..60).flat_map(|x| (0..60).map(move |y| (x, y))) {
        let c = view.point(x, y);
        if c.is_surely_inside() {
            let (mut re, mut im) = (0.0f64, 0.0f64);
            for _ in 0..500 {
                (re, im) = (re * re - im * im + c.re, 2.0 * re * im + c.im);
            }
            assert!(re * re + im * im <= 4.0, "{c:?} escapes");
        }
    }
}

#[test]
fn refuses_sizes_out_of_bounds_before_any_work() {
    for (width, height) in [
        (0, 10),
        (10, 0),
        (MAX_SIDE + 1, 1),
        (16_000, 16_000),
        (u32::MAX, u32::MAX),
    ] {
        assert_eq!(
            render(width, height, 10, &wanted),
            Err(FractalError::InvalidSize(width, height))
        );
    }
    for iterations in [0, MAX_ITERATIONS + 1] {
        assert_eq!(
            render(10, 10, iterations, &wanted),
            Err(FractalError::InvalidIterations(iterations))
        );
    }
}

#[test]
fn stops_as_soon_as_it_is_no_longer_wanted() {
    let checks = AtomicUsize::new(0);
    let result = render(
        200,
        200,
        100,
        &|| match checks.fetch_add(1, Ordering::Relaxed) {
            0..=20 => Ok(()),
            _ => Err(Cancelled),
        },
    );
    assert_eq!(result, Err(FractalError::Cancelled(Cancelled)));
    assert!(
        checks.load(Ordering::Relaxed) < 200,
        "some rows were never begun"
    );
}

#[test]
fn looks_up_within_a_row_too() {
    let checks = AtomicUsize::new(0);
    let counting = || {
        checks.fetch_add(1, Ordering::Relaxed);
        Ok(())
    };
    let view = View::new(8_000, 8_000, 3_000);
    render_row(&view, 4_000, &mut [0; 24_000], 3_000, &counting).unwrap();
    assert!(checks.load(Ordering::Relaxed) > 3);
}
