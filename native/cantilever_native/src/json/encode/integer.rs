//! Integers of 64 bits.

use super::Sink;

/// Writes an integer in decimal.
#[inline]
pub fn write_integer(out: &mut impl Sink, integer: i64) {
    out.bytes(itoa::Buffer::new().format(integer).as_bytes());
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
        for number in (0..100_000_000_u64).step_by(997).chain(0..20_000) {
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
