//! Integers of any size, without the quadratic time that converting them digit by digit takes.

use num_bigint::{BigInt, BigUint, Sign};

/// How many digits an integer may have: any with as many is below 2^4194303, which every supported VM can represent.
pub const MOST_DIGITS: usize = 1_262_611;

/// Up to this many digits, `num-bigint` is quicker.
const SHORT: usize = 2_000;

/// The integer that `text`, a JSON number without a fraction or exponent, stands for.
#[must_use]
pub fn parse_integer(text: &str) -> BigInt {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (Sign::Minus, digits),
        None => (Sign::Plus, text),
    };
    BigInt::from_biguint(sign, magnitude(digits.as_bytes()))
}

fn magnitude(digits: &[u8]) -> BigUint {
    if digits.len() <= SHORT {
        return BigUint::parse_bytes(digits, 10).unwrap_or_default();
    }
    // The powers are those of halves: SHORT, 2 * SHORT, 4 * SHORT…
    let mut powers = vec![BigUint::from(10_u8).pow(SHORT as u32)];
    let mut length = SHORT;
    while 2 * length < digits.len() {
        let last = &powers[powers.len() - 1];
        powers.push(last * last);
        length *= 2;
    }
    of_halves(digits, &powers, length)
}

/// `length` is how many digits the last of `powers` stands for.
fn of_halves(digits: &[u8], powers: &[BigUint], length: usize) -> BigUint {
    match powers.split_last() {
        Some((power, powers)) if digits.len() > length => {
            let (high, low) = digits.split_at(digits.len() - length);
            of_halves(high, powers, length / 2) * power + of_halves(low, powers, length / 2)
        }
        Some((_, powers)) => of_halves(digits, powers, length / 2),
        None => BigUint::parse_bytes(digits, 10).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_of_any_length_is_what_num_bigint_says() {
        for length in [
            1, 19, 1_999, 2_000, 2_001, 4_000, 4_001, 31_999, 32_001, 50_000,
        ] {
            let digits: String = (0..length)
                .map(|index| char::from(b'1' + (index * 7 % 9) as u8))
                .collect();
            assert_eq!(
                parse_integer(&digits),
                digits.parse().unwrap(),
                "{length} digits"
            );
            let negative = format!("-{digits}");
            assert_eq!(parse_integer(&negative), negative.parse().unwrap());
        }
    }
}
