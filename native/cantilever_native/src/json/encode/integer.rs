//! Integers of 64 bits.
//!
//! Eight digits at a time come out of one word, by multiplying four, two and one digits side by side. They go from
//! there to the text without being stored anywhere else first, which reading them back would have to wait for.

use super::Sink;

const EIGHT_DIGITS: u64 = 100_000_000;

/// Writes an integer in decimal.
#[inline]
pub fn write_integer(out: &mut impl Sink, integer: i64) {
    if integer < 0 {
        out.byte(b'-');
    }
    let magnitude = integer.unsigned_abs();
    if magnitude < EIGHT_DIGITS {
        return write_leading(out, magnitude);
    }
    let (high, low) = (magnitude / EIGHT_DIGITS, magnitude % EIGHT_DIGITS);
    if high < EIGHT_DIGITS {
        write_leading(out, high);
    } else {
        write_leading(out, high / EIGHT_DIGITS);
        out.prefix(&text_of(digits_of(high % EIGHT_DIGITS)), 8);
    }
    out.prefix(&text_of(digits_of(low)), 8);
}

/// Writes what is below 10⁸, without zeros in front.
#[inline]
fn write_leading(out: &mut impl Sink, number: u64) {
    let digits = digits_of(number);
    // Of a zero, one stays.
    let zeros = (digits | 1 << 63).trailing_zeros() / 8;
    out.prefix(&text_of(digits >> (8 * zeros)), 8 - zeros as usize);
}

#[inline]
fn text_of(digits: u64) -> [u8; 8] {
    (digits | 0x3030_3030_3030_3030).to_le_bytes()
}

/// The eight digits of what is below 10⁸, one in each byte, the first in the least significant one.
#[inline]
fn digits_of(number: u64) -> u64 {
    // Multiplying by 10486 / 2²⁰ divides by 100, and by 103 / 2¹⁰ by 10, exactly for numbers of four and two digits.
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = (fours * 10_486) >> 20 & 0x7f_0000_007f;
    let twos = hundreds | (fours - hundreds * 100) << 16;
    let tens = (twos * 103) >> 10 & 0x0f_000f_000f_000f;
    tens | (twos - tens * 10) << 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(integer: i64) -> String {
        let mut out = Vec::new();
        write_integer(&mut out, integer);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn integers_of_every_length_are_exact() {
        let mut power = 1_i64;
        loop {
            for integer in [power - 1, power, power + 1, power / 3] {
                assert_eq!(written(integer), integer.to_string());
                assert_eq!(written(-integer), (-integer).to_string());
            }
            match power.checked_mul(10) {
                Some(next) => power = next,
                None => break,
            }
        }
        assert_eq!(written(i64::MIN), i64::MIN.to_string());
        assert_eq!(written(i64::MAX), i64::MAX.to_string());
    }

    #[test]
    fn the_digits_of_all_smaller_numbers_are_exact() {
        for number in (0..EIGHT_DIGITS).step_by(997).chain(0..20_000) {
            assert_eq!(written(number as i64), number.to_string());
        }
    }

    proptest! {
        #[test]
        fn any_integer_is_exact(integer: i64) {
            prop_assert_eq!(written(integer), integer.to_string());
        }
    }
}
