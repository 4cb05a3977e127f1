//! What native code has to say.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use log::{Level, Record};

use crate::args::NifInfo;
use crate::panics::PanicReport;

/// How long a text may be, in bytes; what follows is cut off.
pub(crate) const LONGEST_TEXT: usize = 64 * 1024;

/// One thing to tell the Logger or telemetry.
pub(crate) enum Event {
    /// A record of the `log` crate.
    Record(Box<LogRecord>),
    /// A panic that no caller hears of.
    Panic(Box<PanicReport>),
    /// A call that held its scheduler for too long.
    Slow(SlowCall),
}

/// A record of the `log` crate that owns what it says.
pub(crate) struct LogRecord {
    pub(crate) level: Level,
    /// In µs since 1970.
    pub(crate) time_us: i64,
    pub(crate) text: String,
    pub(crate) target: Cow<'static, str>,
    pub(crate) module: Option<Cow<'static, str>>,
    pub(crate) file: Option<Cow<'static, str>>,
    pub(crate) line: Option<u32>,
}

/// A call that held its scheduler for too long.
#[derive(Clone, Copy)]
pub(crate) struct SlowCall {
    pub(crate) info: &'static NifInfo,
    pub(crate) schedule: Schedule,
    pub(crate) duration: Duration,
}

/// What ran for too long: a whole call, or one slice of one.
#[derive(Clone, Copy)]
pub(crate) enum Schedule {
    /// A function that runs to its end in one go.
    Normal,
    /// A function that yields.
    Yielding,
}

impl Event {
    /// How many bytes of text it holds.
    pub(crate) fn bytes(&self) -> u32 {
        let bytes = match self {
            Event::Record(record) => {
                let owned = |text: &Cow<'static, str>| match text {
                    Cow::Borrowed(_) => 0,
                    Cow::Owned(text) => text.len(),
                };
                record.text.len()
                    + owned(&record.target)
                    + record.module.as_ref().map_or(0, owned)
                    + record.file.as_ref().map_or(0, owned)
            }
            Event::Panic(report) => report.message.len() + report.file.len(),
            Event::Slow(_) => 0,
        };
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }
}

impl LogRecord {
    pub(crate) fn new(record: &Record<'_>) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let module = owned(record.module_path_static(), record.module_path());
        LogRecord {
            level: record.level(),
            time_us: now.map_or(0, |now| i64::try_from(now.as_micros()).unwrap_or(i64::MAX)),
            text: format(record.args()),
            target: match &module {
                Some(Cow::Borrowed(module)) if *module == record.target() => Cow::Borrowed(module),
                _ => Cow::Owned(cut(record.target().to_owned())),
            },
            module,
            file: owned(record.file_static(), record.file()),
            line: record.line(),
        }
    }
}

/// The text of a panic, cut where that of a record is.
pub(crate) fn shortened(mut report: PanicReport) -> Box<PanicReport> {
    report.message = cut(report.message);
    Box::new(report)
}

fn owned(fixed: Option<&'static str>, text: Option<&str>) -> Option<Cow<'static, str>> {
    fixed
        .map(Cow::Borrowed)
        .or_else(|| text.map(|text| Cow::Owned(cut(text.to_owned()))))
}

fn format(arguments: &fmt::Arguments<'_>) -> String {
    match arguments.as_str() {
        Some(text) => cut(text.to_owned()),
        None => {
            let mut bounded = Bounded(String::new());
            // An error is either the bound, or that of a `Display` which fails: the text ends there.
            let _ = bounded.write_fmt(*arguments);
            cut(bounded.0)
        }
    }
}

/// Takes in one character more than a record may hold, so that `cut` sees that there was more.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = (LONGEST_TEXT + 1).saturating_sub(self.0.len());
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        let fits = (room..=text.len()).find(|end| text.is_char_boundary(*end));
        self.0.push_str(&text[..fits.unwrap_or(text.len())]);
        Err(fmt::Error)
    }
}

fn cut(mut text: String) -> String {
    if text.len() > LONGEST_TEXT {
        let mut end = LONGEST_TEXT;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(" (cut off)");
        text.shrink_to_fit();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(arguments: fmt::Arguments<'_>) -> LogRecord {
        LogRecord::new(
            &Record::builder()
                .level(Level::Info)
                .target("a::target")
                .module_path_static(Some("a::target"))
                .file(Some("a.rs"))
                .line(Some(7))
                .args(arguments)
                .build(),
        )
    }

    #[test]
    fn a_record_owns_what_it_says() {
        let record = record(format_args!("{} and {}", 1, "two"));
        assert_eq!(record.text, "1 and two");
        assert!(matches!(record.target, Cow::Borrowed("a::target")));
        assert!(matches!(&record.file, Some(Cow::Owned(file)) if file == "a.rs"));
        assert!(record.time_us > 1_600_000_000_000_000);
        assert_eq!(Event::Record(Box::new(record)).bytes(), 9 + 4);
    }

    #[test]
    fn a_text_without_end_is_cut_off_between_characters() {
        struct Endless;
        impl fmt::Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    f.write_str("µµµµµ")?;
                }
            }
        }
        for text in [
            record(format_args!("x{Endless}")).text,
            record(format_args!("{}", "µ".repeat(LONGEST_TEXT))).text,
        ] {
            assert!(text.len() <= LONGEST_TEXT + 16, "{}", text.len());
            assert!(text.ends_with("µ (cut off)"));
        }
        assert_eq!(cut("x".repeat(LONGEST_TEXT)).len(), LONGEST_TEXT);
    }
}
