//! Numbers of up to 19 digits without an exponent, eight digits at a time.

#[cfg(test)]
mod tests;

/// Such a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum QuickNumber {
    Integer(i64),
    Float(f64),
}

/// 64 bits hold any number of as many digits.
const MOST_DIGITS: usize = 19;

/// One digit at least stands before the point.
const MOST_DECIMALS: usize = MOST_DIGITS - 1;

/// Every integer below is a float.
const EXACT: u64 = 1 << 53;

const POWERS: [u64; MOST_DIGITS] = {
    let mut powers = [1; MOST_DIGITS];
    let mut index = 1;
    while index < MOST_DIGITS {
        powers[index] = 10 * powers[index - 1];
        index += 1;
    }
    powers
};

/// The number that `text` begins with, and its length; `None` if it is another one, wrong, or may go on after `text`.
#[inline]
pub(super) fn read(text: &[u8]) -> Option<(QuickNumber, usize)> {
    let is_negative = text.first() == Some(&b'-');
    let start = usize::from(is_negative);
    let (whole, point) = digits(text, start, 0)?;
    let has_zero = text[start] == b'0' && point > start + 1;
    if has_zero {
        return None;
    }
    match text.get(point)? {
        b'.' => {
            let (all, end) = digits(text, point + 1, whole)?;
            let is_long = end - start > MOST_DIGITS + 1;
            if is_long || matches!(text.get(end)?, b'e' | b'E') {
                return None;
            }
            let value = quotient(all, end - point - 1)?;
            let value = if is_negative { -value } else { value };
            Some((QuickNumber::Float(value), end))
        }
        b'e' | b'E' => None,
        _ if point - start > MOST_DIGITS => None,
        _ => {
            let value = i64::try_from(whole).ok()?;
            let value = if is_negative { -value } else { value };
            Some((QuickNumber::Integer(value), point))
        }
    }
}

/// Appends the digits that stand at `start`, of which there must be one, to `before`; and says where they end. Of more
/// than there is room for, the value is wrong.
#[inline]
fn digits(text: &[u8], start: usize, before: u64) -> Option<(u64, usize)> {
    let mut value = before;
    let mut rest = text.get(start..)?;
    while let Some(chunk) = rest.first_chunk() {
        let digits = u64::from_le_bytes(*chunk) ^ 0x3030_3030_3030_3030;
        let others = (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080;
        let count = others.trailing_zeros() as usize / 8;
        if count == 0 {
            break;
        }
        value = value
            .wrapping_mul(POWERS[count])
            .wrapping_add(value_of(digits << (64 - 8 * count)));
        rest = &rest[count..];
        if count < 8 {
            return Some((value, text.len() - rest.len()));
        }
    }
    while let Some((digit @ b'0'..=b'9', after)) = rest.split_first() {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit & 15));
        rest = after;
    }
    let end = text.len() - rest.len();
    (end > start).then_some((value, end))
}

/// What eight digits stand for, of which the first is in the lowest byte.
#[inline]
fn value_of(digits: u64) -> u64 {
    let pairs = (digits.wrapping_mul(10 << 8 | 1) >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_FFFF_0000_FFFF;
    fours.wrapping_mul(10_000 << 32 | 1) >> 32
}

/// A power of 5, shifted until its highest bit is set: 2¹²⁷ divided by that, and by how much it was shifted.
#[derive(Clone, Copy)]
struct Reciprocal {
    value: u64,
    shift: u32,
}

const RECIPROCALS: [Reciprocal; MOST_DECIMALS + 1] = {
    // The first is not a fraction, and never asked for.
    let mut reciprocals = [Reciprocal { value: 0, shift: 0 }; MOST_DECIMALS + 1];
    let mut power: u64 = 1;
    let mut index = 1;
    while index <= MOST_DECIMALS {
        power *= 5;
        let shift = power.leading_zeros();
        let value = ((1 << 127) / ((power << shift) as u128)) as u64;
        reciprocals[index] = Reciprocal { value, shift };
        index += 1;
    }
    reciprocals
};

/// The float that is next to `number` divided by ten to the power of `decimals`, of which there is one at least; `None` if
/// that takes more bits to find out.
#[inline]
fn quotient(number: u64, decimals: usize) -> Option<f64> {
    if number == 0 {
        return Some(0.0);
    }
    let Reciprocal { value, shift } = RECIPROCALS[decimals];
    let zeros = number.leading_zeros();
    // The quotient of the shifted ones, times 2⁶³, is at least this and less than 2 more, as the reciprocal is cut off.
    let high = ((u128::from(number << zeros) * u128::from(value)) >> 64) as u64;
    let extra = 11 - high.leading_zeros();
    let half = 1 << (extra - 1);
    let low = high & (2 * half - 1);
    // One comparison, as two would be guessed wrong half of the time.
    if low.wrapping_sub(half - 1) <= 1 {
        // Where both are floats, their division rounds right.
        return (number < EXACT).then(|| number as f64 / POWERS[decimals] as f64);
    }
    let rounded = (high >> extra) + u64::from(low > half);
    let exponent = 1023 + u64::from(shift + extra) - u64::from(zeros) - decimals as u64 - 63;
    Some(rounded as f64 * f64::from_bits(exponent << 52))
}
