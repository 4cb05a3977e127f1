//! Such numbers beside those of the standard library.

use proptest::prelude::*;

use super::*;

/// As the standard library reads it.
fn expected(text: &str) -> QuickNumber {
    if text.contains('.') {
        QuickNumber::Float(text.parse().unwrap())
    } else {
        QuickNumber::Integer(text.parse().unwrap())
    }
}

fn bits(number: QuickNumber) -> (bool, u64) {
    match number {
        QuickNumber::Integer(value) => (true, value as u64),
        QuickNumber::Float(value) => (false, value.to_bits()),
    }
}

fn check(text: &str) {
    for after in [",", "]        ", "}x\"345678901234567890"] {
        if let Some((number, end)) = read(format!("{text}{after}").as_bytes()) {
            assert_eq!(end, text.len());
            assert_eq!(bits(number), bits(expected(text)), "{text}{after}");
        }
    }
}

#[test]
fn what_is_no_such_number_is_left_to_others() {
    for text in [
        "",
        "-",
        ".5,",
        "01,",
        "-00.5,",
        "1.,",
        "1.e5,",
        "-,",
        "1e5,",
        "1.5E5,",
        "1",
        "1.5",
        "12345678",
        "9223372036854775808,",
        "12345678901234567890,",
        "1.1234567890123456789,",
        "+1,",
        "1.-5,",
    ] {
        assert_eq!(read(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn most_numbers_are_read() {
    for text in [
        "0",
        "-0",
        "0.0",
        "-0.0",
        "7",
        "-65.613616999999977",
        "9223372036854775807",
        "0.123456789012345678",
    ] {
        let read = read(format!("{text},").as_bytes()).unwrap();
        assert_eq!(bits(read.0), bits(expected(text)), "{text}");
    }
}

#[test]
fn what_is_between_two_floats_is_rounded_to_the_even_one() {
    for text in [
        "9007199254740993.0",
        "9007199254740995.0",
        "4503599627370497.5",
        "1.00000000000000011",
    ] {
        check(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn floats_are_those_of_the_standard_library(text in "-?(0|[1-9][0-9]{0,17})\\.[0-9]{1,18}") {
        check(&text);
    }

    #[test]
    fn so_are_those_next_to_the_middle_of_two(bits in 0x3F00_0000_0000_0000_u64..0x4330_0000_0000_0000, decimals in 1_usize..18) {
        let (one, other) = (f64::from_bits(bits), f64::from_bits(bits + 1));
        check(&format!("{:.decimals$}", one + (other - one) / 2.0));
        check(&format!("{one:.decimals$}"));
    }

    #[test]
    fn integers_are_exact(value: i64) {
        check(&value.to_string());
    }
}
