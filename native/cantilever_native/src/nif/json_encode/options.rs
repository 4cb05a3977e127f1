//! What `Cantilever.JSON.Encoding` says of how to write, read once.

use crate::json::encode::Escape;

/// The bits of the flags, as `Cantilever.JSON.EncodeOptions` sets them.
const ESCAPE: u32 = 0b11;
const STRICT: u32 = 0b100;
const IODATA: u32 = 0b1000;

/// How to write.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) escape: Escape,
    /// Whether keys that are written alike are an error.
    pub(super) strict: bool,
    /// Whether the result is a list of binaries of moderate size.
    pub(super) iodata: bool,
    /// Whether keys are neither compared nor indented.
    pub(super) is_plain: bool,
    pub(super) max_depth: usize,
    pub(super) pretty: Option<Pretty>,
}

/// What stands between the parts of an indented document.
#[derive(Debug)]
pub(super) struct Pretty {
    pub(super) indent: String,
    pub(super) line_separator: String,
    pub(super) after_colon: String,
}

impl Options {
    pub(super) fn new(
        flags: u32,
        max_depth: u64,
        pretty: Option<(String, String, String)>,
    ) -> Options {
        Options {
            escape: match flags & ESCAPE {
                0 => Escape::Json,
                1 => Escape::JavaScript,
                2 => Escape::Html,
                _ => Escape::Unicode,
            },
            strict: flags & STRICT != 0,
            iodata: flags & IODATA != 0,
            is_plain: flags & STRICT == 0 && pretty.is_none(),
            max_depth: usize::try_from(max_depth).unwrap_or(usize::MAX),
            pretty: pretty.map(|(indent, line_separator, after_colon)| Pretty {
                indent,
                line_separator,
                after_colon,
            }),
        }
    }
}
