//! Floats: the shortest digits that give the same float again, set as the VM sets them.

use super::Sink;

/// What lies in here and is not whole has its digits on both sides of the point, in every way of writing floats.
const PLAIN: std::ops::Range<f64> = 1.0..1.0e15;

/// From here on not every whole number is a float, and the VM does not pretend that the last digits are known.
const LAST_WHOLE: f64 = 9_007_199_254_740_992.0;

/// Writes a float as `:erlang.float_to_binary(float, [:short])` does: `1.0`, `0.1`, `1.0e3`, `5.0e-324`.
///
/// It must be finite, as those of the VM are; others become `null`.
pub fn write_float(out: &mut impl Sink, float: f64) {
    if !float.is_finite() {
        return out.bytes(b"null");
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(float);
    let magnitude = float.abs();
    if PLAIN.contains(&magnitude) && (magnitude as u64) as f64 != magnitude {
        out.bytes(text.as_bytes());
    } else {
        write_set(out, text, magnitude);
    }
}

/// Sets the digits of `text` where the VM does.
fn write_set(out: &mut impl Sink, text: &str, magnitude: f64) {
    let text = match text.strip_prefix('-') {
        Some(text) => {
            out.byte(b'-');
            text
        }
        None => text,
    };
    let mut digits = [0; 24];
    let Some(Digits { count, point }) = digits_of(text, &mut digits) else {
        return out.bytes(b"0.0");
    };
    let digits = &digits[..count];
    let length = count as i32;
    if (1..length).contains(&point) {
        let (whole, fraction) = digits.split_at(point as usize);
        out.bytes(whole);
        out.byte(b'.');
        return out.bytes(fraction);
    }
    let mut buffer = itoa::Buffer::new();
    let exponent = buffer.format(point - 1).as_bytes();
    let cost = exponent.len() as i32 + if length == 1 { 3 } else { 2 };
    if point == 0 || (point < 0 && 2 - point <= cost) {
        out.bytes(b"0.");
        (point..0).for_each(|_| out.byte(b'0'));
        out.bytes(digits);
    } else if point > 0 && point - length + 2 <= cost && magnitude < LAST_WHOLE {
        out.bytes(digits);
        (length..point).for_each(|_| out.byte(b'0'));
        out.bytes(b".0");
    } else {
        out.byte(digits[0]);
        out.byte(b'.');
        out.bytes(if length == 1 { b"0" } else { &digits[1..] });
        out.byte(b'e');
        out.bytes(exponent);
    }
}

/// A number is `0.` and `count` digits times ten to the power of `point`.
struct Digits {
    count: usize,
    point: i32,
}

/// Takes the digits out of what zmij writes, such as `0.00012` or `1.2e-7`, without zeros around them; `None` where
/// there are only zeros.
fn digits_of(text: &str, digits: &mut [u8; 24]) -> Option<Digits> {
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse().unwrap_or(0)),
        None => (text, 0),
    };
    let mut point: i32 = exponent;
    let mut count = 0;
    let mut in_fraction = false;
    for byte in mantissa.bytes() {
        match byte {
            b'.' => in_fraction = true,
            b'0' if count == 0 => point -= i32::from(in_fraction),
            _ => {
                *digits.get_mut(count)? = byte;
                count += 1;
                point += i32::from(!in_fraction);
            }
        }
    }
    while count > 0 && digits[count - 1] == b'0' {
        count -= 1;
    }
    (count > 0).then_some(Digits { count, point })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(float: f64) -> String {
        let mut out = Vec::new();
        write_float(&mut out, float);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats_are_set_as_the_vm_sets_them() {
        for (float, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (100.0, "100.0"),
            (1000.0, "1.0e3"),
            (1234.0, "1234.0"),
            (0.1, "0.1"),
            (0.01, "0.01"),
            (0.001, "0.001"),
            (0.0001, "0.0001"),
            (0.00001, "1.0e-5"),
            (0.00012, "1.2e-4"),
            (0.012345, "0.012345"),
            (1e21, "1.0e21"),
            (1.5e300, "1.5e300"),
            (5e-324, "5.0e-324"),
            (f64::MAX, "1.7976931348623157e308"),
            (9_007_199_254_740_991.0, "9007199254740991.0"),
            (9_007_199_254_740_992.0, "9.007199254740992e15"),
            (123_456_789.125, "123456789.125"),
        ] {
            assert_eq!(written(float), text);
        }
    }

    #[test]
    fn what_json_has_no_word_for_is_null() {
        assert_eq!(written(f64::NAN), "null");
        assert_eq!(written(f64::NEG_INFINITY), "null");
    }

    proptest! {
        #[test]
        fn each_float_is_read_back_bit_for_bit(float in proptest::num::f64::ANY) {
            if float.is_finite() {
                prop_assert_eq!(written(float).parse::<f64>().unwrap().to_bits(), float.to_bits());
            }
        }

        #[test]
        fn each_float_has_a_point_with_digits_on_both_sides(float in proptest::num::f64::NORMAL) {
            let text = written(float);
            let (whole, fraction) = text.split_once('.').unwrap();
            prop_assert!(whole.ends_with(|c: char| c.is_ascii_digit()), "{}", text);
            prop_assert!(fraction.starts_with(|c: char| c.is_ascii_digit()), "{}", text);
        }
    }
}
