//! The structs of Elixir's calendar, which documents have many of: written without asking Elixir, as long as they are
//! of its own calendar, `Calendar.ISO`.

use cantilever::read::{Bare, Reader};
use cantilever::{Atom, BinaryBuilder};

use crate::json::encode::{Date, Offset, Sink, Time, write_date, write_offset, write_time};

mod names {
    cantilever::rustler::atoms! {
        date = "Elixir.Date",
        time = "Elixir.Time",
        naive_date_time = "Elixir.NaiveDateTime",
        date_time = "Elixir.DateTime",
        iso = "Elixir.Calendar.ISO",
        calendar,
        year,
        month,
        day,
        hour,
        minute,
        second,
        microsecond,
        utc_offset,
        std_offset,
        time_zone,
    }
}

/// A date, a time, or both.
pub(super) struct Moment {
    date: Option<Date>,
    time: Option<Time>,
    offset: Option<Offset>,
}

impl Moment {
    /// That of a struct of `module`, if it is one of the calendar's and nothing about it is unusual.
    pub(super) fn of<'a>(
        read: Reader<'a>,
        structure: Bare<'a>,
        module: Bare<'a>,
    ) -> Option<Moment> {
        let is = |atom: Atom| module == Bare::from(atom);
        let has_zone = is(names::date_time());
        let has_both = has_zone || is(names::naive_date_time());
        let has_date = has_both || is(names::date());
        let has_time = has_both || is(names::time());
        if !has_date && !has_time {
            return None;
        }
        let fields = Fields { read, structure };
        if fields.get(names::calendar())? != Bare::from(names::iso()) {
            return None;
        }
        Some(Moment {
            date: match has_date {
                true => Some(fields.date()?),
                false => None,
            },
            time: match has_time {
                true => Some(fields.time()?),
                false => None,
            },
            offset: match has_zone {
                true => Some(fields.offset()?),
                false => None,
            },
        })
    }

    /// Writes it, with its quotes.
    pub(super) fn write(&self, out: &mut BinaryBuilder) {
        out.byte(b'"');
        if let Some(date) = self.date {
            write_date(out, date);
        }
        if self.date.is_some() && self.time.is_some() {
            out.byte(b'T');
        }
        if let Some(time) = self.time {
            write_time(out, time);
        }
        if let Some(offset) = self.offset {
            write_offset(out, offset);
        }
        out.byte(b'"');
    }
}

struct Fields<'a> {
    read: Reader<'a>,
    structure: Bare<'a>,
}

impl<'a> Fields<'a> {
    fn get(&self, name: Atom) -> Option<Bare<'a>> {
        self.read.map_value(self.structure, name.into())
    }

    fn number(&self, term: Bare<'a>, most: u32) -> Option<u32> {
        let number = u32::try_from(self.read.integer(term)?).ok()?;
        (number <= most).then_some(number)
    }

    fn date(&self) -> Option<Date> {
        Some(Date {
            year: self.number(self.get(names::year())?, 9999)?,
            month: self.number(self.get(names::month())?, 12)?,
            day: self.number(self.get(names::day())?, 31)?,
        })
    }

    fn time(&self) -> Option<Time> {
        let (microsecond, precision) = self.read.pair(self.get(names::microsecond())?)?;
        Some(Time {
            hour: self.number(self.get(names::hour())?, 23)?,
            minute: self.number(self.get(names::minute())?, 59)?,
            second: self.number(self.get(names::second())?, 60)?,
            microsecond: self.number(microsecond, 999_999)?,
            precision: self.number(precision, 6)?,
        })
    }

    fn offset(&self) -> Option<Offset> {
        let seconds = |name| {
            let seconds = self.read.integer(self.get(name)?)?;
            i32::try_from(seconds)
                .ok()
                .filter(|seconds| seconds.abs() < 48 * 3600)
        };
        let (utc, standard) = (seconds(names::utc_offset())?, seconds(names::std_offset())?);
        let zone = self.read.bytes(self.get(names::time_zone())?)?;
        Some(match (utc, standard, zone) {
            (0, 0, b"Etc/UTC") => Offset::Utc,
            _ => Offset::Seconds(utc + standard),
        })
    }
}
