//! Dates and times as ISO 8601 writes them, and Elixir's `to_iso8601/1` does.

use super::Sink;

/// A date of the years 0 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// 0 to 9999.
    pub year: u32,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
    /// 0 to 60.
    pub second: u32,
    /// 0 to 999,999.
    pub microsecond: u32,
    /// How many digits of a second are written: 0 to 6.
    pub precision: u32,
}

/// How far a clock is from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offset {
    /// It shows UTC.
    Utc,
    /// Seconds, of less than a hundred hours.
    Seconds(i32),
}

/// Writes `2024-02-29`.
pub fn write_date(out: &mut impl Sink, date: Date) {
    write_digits(out, date.year, 4);
    out.byte(b'-');
    write_digits(out, date.month, 2);
    out.byte(b'-');
    write_digits(out, date.day, 2);
}

/// Writes `12:34:56`, with as many digits of a second as the time has.
pub fn write_time(out: &mut impl Sink, time: Time) {
    write_digits(out, time.hour, 2);
    out.byte(b':');
    write_digits(out, time.minute, 2);
    out.byte(b':');
    write_digits(out, time.second, 2);
    if time.precision > 0 {
        out.byte(b'.');
        let mut digits = [0; 6];
        set_digits(&mut digits, time.microsecond);
        out.prefix(&digits, (time.precision as usize).min(6));
    }
}

/// Writes `Z` or `+02:00`.
pub fn write_offset(out: &mut impl Sink, offset: Offset) {
    match offset {
        Offset::Utc => out.byte(b'Z'),
        Offset::Seconds(seconds) => {
            out.byte(if seconds < 0 { b'-' } else { b'+' });
            let minutes = seconds.unsigned_abs() / 60;
            write_digits(out, minutes / 60, 2);
            out.byte(b':');
            write_digits(out, minutes % 60, 2);
        }
    }
}

fn write_digits(out: &mut impl Sink, number: u32, count: usize) {
    let mut digits = [0; 4];
    set_digits(&mut digits[..count], number);
    out.prefix(&digits, count);
}

fn set_digits(digits: &mut [u8], mut number: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn dates_have_all_their_digits() {
        let date = Date {
            year: 7,
            month: 2,
            day: 29,
        };
        assert_eq!(written(|out| write_date(out, date)), "0007-02-29");
    }

    #[test]
    fn times_have_as_many_digits_of_a_second_as_they_are_precise() {
        let time = |precision| Time {
            hour: 1,
            minute: 2,
            second: 3,
            microsecond: 4_500,
            precision,
        };
        assert_eq!(written(|out| write_time(out, time(0))), "01:02:03");
        assert_eq!(written(|out| write_time(out, time(3))), "01:02:03.004");
        assert_eq!(written(|out| write_time(out, time(6))), "01:02:03.004500");
    }

    #[test]
    fn offsets_have_a_sign_and_no_seconds() {
        let offset = |seconds| written(|out| write_offset(out, Offset::Seconds(seconds)));
        assert_eq!(offset(0), "+00:00");
        assert_eq!(offset(7_200), "+02:00");
        assert_eq!(offset(-12_630), "-03:30");
        assert_eq!(written(|out| write_offset(out, Offset::Utc)), "Z");
    }
}
