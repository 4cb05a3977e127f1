//! Integers beyond 64 bits, written in decimal a piece at a time.
//!
//! The digits come from dividing by 10¹⁹ over and over, so it takes as long as the square of the length: some
//! seconds for a million digits. What matters is that it can be cut anywhere.

use super::Sink;

/// The largest power of ten in a word, and its number of zeros.
const PIECE: u64 = 10_000_000_000_000_000_000;
const PIECE_DIGITS: usize = 19;

/// An integer on its way to its digits.
#[derive(Debug)]
pub struct Decimal {
    negative: bool,
    /// What is still to be divided, the least significant word first.
    words: Vec<u64>,
    /// How many words of the division that is under way are left to divide, and its remainder so far.
    left: usize,
    remainder: u64,
    /// What was found, in pieces of 19 digits, the least significant first.
    pieces: Vec<u64>,
    started: bool,
}

impl Decimal {
    /// The integer of this magnitude, whose least significant byte comes first.
    ///
    /// ```no_run
    /// use cantilever_native::json::encode::Decimal;
    ///
    /// let mut decimal = Decimal::new(true, &[0, 1]);
    /// let mut text = Vec::new();
    /// while !decimal.write(&mut text, 100) {}
    /// assert_eq!(text, b"-256");
    /// ```
    pub fn new(negative: bool, magnitude: &[u8]) -> Self {
        let mut words: Vec<u64> = magnitude
            .chunks(8)
            .map(|bytes| {
                let mut word = [0; 8];
                word[..bytes.len()].copy_from_slice(bytes);
                u64::from_le_bytes(word)
            })
            .collect();
        trim(&mut words);
        Decimal {
            negative,
            left: words.len(),
            words,
            remainder: 0,
            pieces: Vec::new(),
            started: false,
        }
    }

    /// Does `work` divisions of one word, of some nanoseconds each, or writes as many pieces; whether all is written.
    pub fn write(&mut self, out: &mut impl Sink, work: usize) -> bool {
        let mut work = work.max(1);
        while !self.words.is_empty() {
            let steps = work.min(self.left);
            self.divide(steps);
            work -= steps;
            if work == 0 {
                return false;
            }
        }
        if !self.started {
            self.started = true;
            if self.negative {
                out.byte(b'-');
            }
            let first = self.pieces.pop().unwrap_or(0);
            out.bytes(itoa::Buffer::new().format(first).as_bytes());
        }
        while let Some(piece) = self.pieces.pop() {
            let mut digits = [b'0'; PIECE_DIGITS];
            let mut buffer = itoa::Buffer::new();
            let text = buffer.format(piece).as_bytes();
            digits[PIECE_DIGITS - text.len()..].copy_from_slice(text);
            out.prefix(&digits, PIECE_DIGITS);
            work -= 1;
            if work == 0 {
                return self.pieces.is_empty();
            }
        }
        true
    }

    /// Goes on with the division that is under way, for so many words.
    fn divide(&mut self, steps: usize) {
        let end = self.left - steps;
        for word in self.words[end..self.left].iter_mut().rev() {
            (*word, self.remainder) = divide_pair(self.remainder, *word);
        }
        self.left = end;
        if end == 0 {
            self.pieces.push(std::mem::take(&mut self.remainder));
            trim(&mut self.words);
            self.left = self.words.len();
        }
    }
}

fn trim(words: &mut Vec<u64>) {
    while words.last() == Some(&0) {
        words.pop();
    }
}

/// Divides `high · 2⁶⁴ + low` by [`PIECE`], where `high` is below that: the quotient and the remainder.
///
/// A division of 128 bits takes longer than all of this, which is from Möller and Granlund, "Improved division by
/// invariant integers" (2011), algorithm 4. The highest bit of the divisor is set, as it asks.
#[inline]
fn divide_pair(high: u64, low: u64) -> (u64, u64) {
    const INVERSE: u64 = (u128::MAX / PIECE as u128 - (1 << 64)) as u64;
    let product =
        u128::from(INVERSE) * u128::from(high) + ((u128::from(high) << 64) | u128::from(low));
    let mut quotient = ((product >> 64) as u64).wrapping_add(1);
    let mut remainder = low.wrapping_sub(quotient.wrapping_mul(PIECE));
    if remainder > product as u64 {
        quotient = quotient.wrapping_sub(1);
        remainder = remainder.wrapping_add(PIECE);
    }
    if remainder >= PIECE {
        quotient = quotient.wrapping_add(1);
        remainder -= PIECE;
    }
    (quotient, remainder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;
    use proptest::prelude::*;

    fn written(negative: bool, magnitude: &[u8], work: usize) -> String {
        let mut decimal = Decimal::new(negative, magnitude);
        let mut out = Vec::new();
        while !decimal.write(&mut out, work) {}
        String::from_utf8(out).unwrap()
    }

    proptest! {
        #[test]
        fn integers_of_any_size_are_exact_however_they_are_cut(
            magnitude in prop::collection::vec(any::<u8>(), 0..200), work in 1_usize..50,
        ) {
            let expected = BigUint::from_bytes_le(&magnitude).to_string();
            prop_assert_eq!(written(false, &magnitude, work), expected.clone());
            prop_assert_eq!(written(true, &magnitude, usize::MAX), format!("-{expected}"));
        }

        #[test]
        fn a_pair_is_divided_as_by_the_compiler(high in 0..PIECE, low: u64) {
            let whole = (u128::from(high) << 64) | u128::from(low);
            let expected = (whole / u128::from(PIECE), whole % u128::from(PIECE));
            let (quotient, remainder) = divide_pair(high, low);
            prop_assert_eq!((u128::from(quotient), u128::from(remainder)), expected);
        }
    }

    #[test]
    fn zeros_within_are_kept() {
        let magnitude = (BigUint::from(10_u8).pow(100) + 7_u8).to_bytes_le();
        assert_eq!(
            written(false, &magnitude, 3),
            format!("1{}7", "0".repeat(99))
        );
    }
}
