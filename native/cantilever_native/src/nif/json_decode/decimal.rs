//! `Decimal` of the Elixir library of that name, for numbers that no float holds.

use cantilever::{TermBuilder, rustler};

use crate::json::decode::{Problem, parse_integer};

rustler::atoms! {
    __struct__,
    decimal = "Elixir.Decimal",
    sign,
    coef,
    exp,
}

/// Pushes the decimal that is written as `text`, a JSON number with a fraction or an exponent.
pub(super) fn push(builder: &mut TermBuilder<'_>, text: &[u8]) -> Result<(), Problem> {
    let text = std::str::from_utf8(text).map_err(|_| Problem::InvalidNumber)?;
    let (is_negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text),
    };
    let (significand, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = significand.split_once('.').unwrap_or((significand, ""));
    let exponent: i64 = exponent
        .trim_start_matches('+')
        .parse()
        .map_err(|_| Problem::FloatOutOfRange)?;
    let exponent = exponent
        .checked_sub(fraction.len() as i64)
        .ok_or(Problem::FloatOutOfRange)?;
    builder.push_atom(__struct__());
    builder.push_atom(decimal());
    builder.push_atom(sign());
    builder.push_integer(if is_negative { -1 } else { 1 });
    builder.push_atom(coef());
    let digits = [whole, fraction].concat();
    match digits.parse() {
        Ok(coefficient) => builder.push_integer(coefficient),
        Err(_) => builder.push(&parse_integer(&digits)),
    }
    builder.push_atom(exp());
    builder.push_integer(exponent);
    builder.map(4).map_err(|_| Problem::DuplicateKey)
}
