use std::cell::Cell;
use std::io::Cursor;

use image::{ImageBuffer, Rgb, RgbImage, Rgba, RgbaImage};

use super::*;

fn wanted() -> Result<(), Cancelled> {
    Ok(())
}

fn gradient(width: u32, height: u32) -> RgbImage {
    ImageBuffer::from_fn(width, height, |x, y| {
        Rgb([
            (x * 255 / width) as u8,
            (y * 255 / height) as u8,
            ((x * 7) ^ (y * 13)) as u8,
        ])
    })
}

fn written(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.into().write_to(&mut file, format).unwrap();
    file.into_inner()
}

fn read(webp: &[u8]) -> DynamicImage {
    image::load_from_memory_with_format(webp, ImageFormat::WebP).unwrap()
}

fn kind(result: Result<Vec<u8>, ThumbnailError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(ThumbnailError::UnsupportedFormat(_)) => "unsupported_format",
        Err(ThumbnailError::Malformed(_)) => "malformed",
        Err(ThumbnailError::TooManyPixels(_)) => "too_many_pixels",
        Err(ThumbnailError::InvalidSize(_)) => "invalid_size",
        Err(ThumbnailError::Cancelled(_)) => "cancelled",
        Err(ThumbnailError::Encode(_)) => "encode",
    }
}

const FORMATS: [ImageFormat; 3] = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];

#[test]
fn every_format_is_shrunk_to_the_longest_side() {
    for format in FORMATS {
        let small = read(&thumbnail(&written(gradient(300, 200), format), 60, &wanted).unwrap());
        assert_eq!((small.width(), small.height()), (60, 40), "{format:?}");
        let tall = read(&thumbnail(&written(gradient(20, 300), format), 60, &wanted).unwrap());
        assert_eq!((tall.width(), tall.height()), (4, 60), "{format:?}");
    }
}

#[test]
fn small_pictures_keep_their_size_and_their_pixels() {
    let picture = gradient(30, 20);
    let webp = thumbnail(&written(picture.clone(), ImageFormat::Png), 320, &wanted).unwrap();
    assert_eq!(read(&webp).into_rgb8(), picture);
}

#[test]
fn a_side_never_vanishes() {
    assert_eq!(scaled(10_000, 1, 320), (320, 1));
    assert_eq!(scaled(1, 10_000, 320), (1, 320));
    assert_eq!(scaled(3, 2, 1), (1, 1));
    assert_eq!(scaled(u32::MAX, u32::MAX, MAX_SIDE), (MAX_SIDE, MAX_SIDE));
}

#[test]
fn colour_does_not_bleed_out_of_transparent_pixels() {
    let picture = RgbaImage::from_fn(200, 200, |x, _| match x % 2 {
        0 => Rgba([200, 0, 0, 255]),
        _ => Rgba([0, 255, 0, 0]),
    });
    let webp = thumbnail(&written(picture, ImageFormat::Png), 20, &wanted).unwrap();
    let Rgba([red, green, _, alpha]) = *read(&webp).into_rgba8().get_pixel(10, 10);
    assert!((120..=136).contains(&alpha), "half covered, got {alpha}");
    assert!(red >= 195 && green <= 5, "still red, got {red}, {green}");
}

#[test]
fn grey_and_16_bit_pictures_are_read() {
    let grey = image::GrayImage::from_pixel(100, 50, image::Luma([77]));
    let small = read(&thumbnail(&written(grey, ImageFormat::Png), 10, &wanted).unwrap());
    assert_eq!(small.into_rgb8().get_pixel(5, 2).0, [77, 77, 77]);

    let deep = ImageBuffer::from_pixel(100, 50, Rgb([0x8080u16, 0, 0xFFFF]));
    let file = written(DynamicImage::ImageRgb16(deep), ImageFormat::Png);
    let small = read(&thumbnail(&file, 10, &wanted).unwrap());
    assert_eq!(small.into_rgb8().get_pixel(5, 2).0, [0x80, 0, 0xFF]);
}

#[test]
fn pictures_are_turned_upright() {
    let red_left = RgbImage::from_fn(40, 20, |x, _| {
        if x < 20 {
            Rgb([255, 0, 0])
        } else {
            Rgb([0, 0, 255])
        }
    });
    let jpeg = with_exif_orientation(&written(red_left, ImageFormat::Jpeg), 6);
    let small = read(&thumbnail(&jpeg, 20, &wanted).unwrap()).into_rgb8();
    assert_eq!(small.dimensions(), (10, 20));
    let (top, bottom) = (small.get_pixel(5, 2).0, small.get_pixel(5, 17).0);
    assert!(
        top[0] > 200 && bottom[2] > 200,
        "a quarter turn clockwise: {top:?} over {bottom:?}"
    );
}

fn with_exif_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let tiff = [
        b"MM\0\x2a\0\0\0\x08".as_slice(),
        &[
            0,
            1,
            0x01,
            0x12,
            0,
            3,
            0,
            0,
            0,
            1,
            0,
            orientation,
            0,
            0,
            0,
            0,
            0,
            0,
        ],
    ]
    .concat();
    let payload = [b"Exif\0\0".as_slice(), &tiff].concat();
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &payload, &jpeg[2..]].concat()
}

#[test]
fn an_rgb_colour_profile_is_kept() {
    let mut profile = vec![0; 128];
    profile[16..20].copy_from_slice(b"RGB ");
    let mut png = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut png);
    encoder.set_icc_profile(profile.clone()).unwrap();
    let picture = gradient(50, 50);
    encoder
        .write_image(&picture, 50, 50, ExtendedColorType::Rgb8)
        .unwrap();

    let webp = thumbnail(&png, 10, &wanted).unwrap();
    let mut decoder = WebPDecoder::new(Cursor::new(webp)).unwrap();
    assert_eq!(decoder.icc_profile().unwrap(), Some(profile));
}

#[test]
fn truncated_files_are_malformed_wherever_they_end() {
    for format in FORMATS {
        let file = written(gradient(200, 150), format);
        for eighth in 1..8 {
            let result = thumbnail(&file[..file.len() * eighth / 8], 60, &wanted);
            assert_eq!(kind(result), "malformed", "{format:?} at {eighth}/8");
        }
        for length in [0, 1, 2, 3] {
            assert_eq!(
                kind(thumbnail(&file[..length], 60, &wanted)),
                match (format, length) {
                    (ImageFormat::Jpeg, 3) => "malformed",
                    _ => "unsupported_format",
                }
            );
        }
    }
}

#[test]
fn a_jpeg_with_something_appended_is_whole() {
    let mut file = written(gradient(80, 60), ImageFormat::Jpeg);
    file.extend_from_slice(b"camera notes");
    assert_eq!(kind(thumbnail(&file, 60, &wanted)), "ok");
}

#[test]
fn damaged_files_never_panic() {
    let mut seed = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as usize
    };
    for format in FORMATS {
        let file = written(gradient(48, 32), format);
        for _ in 0..300 {
            let mut damaged = file.clone();
            for _ in 0..1 + random() % 8 {
                let at = random() % damaged.len();
                damaged[at] = random() as u8;
            }
            let _ = thumbnail(&damaged, 16, &wanted);
        }
    }
}

#[test]
fn random_bytes_are_no_picture() {
    let bytes: Vec<u8> = (0..4096u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    assert_eq!(kind(thumbnail(&bytes, 60, &wanted)), "unsupported_format");
    assert_eq!(
        kind(thumbnail(b"GIF89a whatever", 60, &wanted)),
        "unsupported_format"
    );
}

#[test]
fn a_bomb_is_refused_by_its_header() {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend(100_000u32.to_be_bytes());
    png.extend(100_000u32.to_be_bytes());
    png.extend([8, 2, 0, 0, 0]);
    png.extend(crc32(&png[12..]).to_be_bytes());
    png.extend(b"\0\0\x10\0IDAT");
    let decoded = Cell::new(0);
    let counting = || {
        decoded.set(decoded.get() + 1);
        Ok(())
    };
    assert_eq!(kind(thumbnail(&png, 60, &counting)), "too_many_pixels");
    assert!(decoded.get() < 50);
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn a_webp_chunk_longer_than_the_file_is_found_out() {
    let mut webp =
        b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x20\0\0\0\x09\0\0\x09\0\0ICCP\xf0\xff\xff\xff".to_vec();
    let announced = u32::try_from(webp.len() - 8).unwrap();
    webp[4..8].copy_from_slice(&announced.to_le_bytes());
    assert_eq!(kind(thumbnail(&webp, 60, &wanted)), "malformed");
}

#[test]
fn sizes_out_of_bounds_are_refused() {
    let file = written(gradient(8, 8), ImageFormat::Png);
    for max_side in [0, MAX_SIDE + 1, u32::MAX] {
        assert_eq!(
            thumbnail(&file, max_side, &wanted),
            Err(ThumbnailError::InvalidSize(max_side))
        );
    }
}

#[test]
fn stops_during_the_decoding_when_no_longer_wanted() {
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let file = written(gradient(700, 500), format);
        let checks = Cell::new(0);
        let until = |last: usize| {
            let checks = &checks;
            move || {
                checks.set(checks.get() + 1);
                if checks.get() <= last {
                    Ok(())
                } else {
                    Err(Cancelled)
                }
            }
        };
        thumbnail(&file, 60, &until(usize::MAX)).unwrap();
        let all = checks.replace(0);
        assert!(all > 10, "{format:?} looked up {all} times");
        for last in [0, 1, all / 2, all - 1] {
            checks.set(0);
            assert_eq!(
                kind(thumbnail(&file, 60, &until(last))),
                "cancelled",
                "{format:?} after {last} of {all}"
            );
        }
    }
}

#[test]
#[ignore = "writes the pictures that the Elixir tests read"]
fn write_fixtures() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/fixtures");
    std::fs::create_dir_all(&dir).unwrap();
    for format in FORMATS {
        let name = format!("gradient.{}", format.extensions_str()[0]);
        std::fs::write(dir.join(name), written(gradient(60, 40), format)).unwrap();
    }
    let turned = with_exif_orientation(&written(gradient(60, 40), ImageFormat::Jpeg), 6);
    std::fs::write(dir.join("turned.jpg"), turned).unwrap();
}
