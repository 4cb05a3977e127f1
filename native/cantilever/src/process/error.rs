//! Why a program's output cannot be had.

use std::fmt;
use std::io;

use rustler::{Encoder, Env, Term};

use crate::error::encode_error;

/// Why there is no output of a program. Encodes as `{kind, message}`, where the kind is `:not_started`,
/// `:cancelled`, `:too_much_output` or `:failed`.
///
/// ```
/// use cantilever::process::ProcessError;
///
/// let error = ProcessError::TooMuchOutput { stream: "standard output", limit_bytes: 10 };
/// assert_eq!(error.to_string(), "the program wrote more than 10 bytes to its standard output");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ProcessError {
    /// The program could not be started: not found, not executable, or the system has no room for it.
    NotStarted {
        /// The program's name, as it was given.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// The calling process has died, and the program was killed.
    Cancelled,
    /// The program wrote more than was to be captured, and was killed.
    TooMuchOutput {
        /// "standard output" or "standard error".
        stream: &'static str,
        /// How much was to be captured, in bytes.
        limit_bytes: usize,
    },
    /// Reading from the program, writing to it or waiting for it failed, and it was killed, unless it had ended and
    /// somebody else has taken its exit status.
    Failed(io::Error),
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProcessError::NotStarted { program, source } => {
                write!(f, "{program} could not be started: {source}")
            }
            ProcessError::Cancelled => {
                f.write_str("the program was killed: the calling process has exited")
            }
            ProcessError::TooMuchOutput {
                stream,
                limit_bytes,
            } => {
                write!(
                    f,
                    "the program wrote more than {limit_bytes} bytes to its {stream}"
                )
            }
            ProcessError::Failed(error) if error.raw_os_error() == Some(libc::ECHILD) => {
                f.write_str("the program has ended, but somebody else has taken its exit status")
            }
            ProcessError::Failed(error) => write!(f, "the program was killed: {error}"),
        }
    }
}

impl std::error::Error for ProcessError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ProcessError::NotStarted { source, .. } | ProcessError::Failed(source) => Some(source),
            ProcessError::Cancelled | ProcessError::TooMuchOutput { .. } => None,
        }
    }
}

impl Encoder for ProcessError {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        let kind = match self {
            ProcessError::NotStarted { .. } => "not_started",
            ProcessError::Cancelled => "cancelled",
            ProcessError::TooMuchOutput { .. } => "too_much_output",
            ProcessError::Failed(_) => "failed",
        };
        encode_error(env, kind, self)
    }
}
