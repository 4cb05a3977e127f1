//! Results, and errors before and after checkpoints.

use cantilever::rustler::Error;
use cantilever::{NifResult, OwnedBinary};

#[derive(Debug, thiserror::Error, cantilever::NifError)]
enum KitError {
    #[error("{0} is odd")]
    OddNumber(i64),
    #[error("{number} is above {limit}")]
    #[nif_error("too_large")]
    AboveLimit { number: i64, limit: i64 },
    #[error("zero")]
    Zero,
}

/// An error of the standard library's, which may hold anything.
#[derive(Debug, thiserror::Error, cantilever::NifError)]
enum FileError {
    #[error("cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
}

#[cantilever::nif(schedule = "DirtyIo")]
fn file_size(path: String) -> Result<usize, FileError> {
    Ok(std::fs::read(path)?.len())
}

fn half(number: i64) -> Result<i64, KitError> {
    match number {
        0 => Err(KitError::Zero),
        number if number > 100 => Err(KitError::AboveLimit { number, limit: 100 }),
        number if number % 2 != 0 => Err(KitError::OddNumber(number)),
        number => Ok(number / 2),
    }
}

#[cantilever::nif(name = "half")]
fn half_normal(number: i64) -> Result<i64, KitError> {
    half(number)
}

#[cantilever::nif]
async fn yield_half(number: i64, n: u32) -> Result<i64, KitError> {
    for _ in 0..n {
        cantilever::checkpoint().await;
    }
    half(number)
}

#[cantilever::nif]
fn binary_result(length: i64) -> Result<OwnedBinary, KitError> {
    half(length).map(|length| OwnedBinary::from_slice(&vec![b'x'; length as usize]))
}

#[cantilever::nif]
async fn yield_binary_result(length: i64, n: u32) -> Result<OwnedBinary, KitError> {
    for _ in 0..n {
        cantilever::checkpoint().await;
    }
    half(length).map(|length| OwnedBinary::from_slice(&vec![b'x'; length as usize]))
}

fn rustler_result(kind: &str) -> NifResult<i64> {
    match kind {
        "ok" => Ok(1),
        "badarg" => Err(Error::BadArg),
        "atom" => Err(Error::Atom("plain_atom")),
        "raise" => Err(Error::RaiseAtom("raised_atom")),
        "raise_term" => Err(Error::RaiseTerm(Box::new("raised text"))),
        _ => Err(Error::Term(Box::new(("some", 1)))),
    }
}

#[cantilever::nif]
fn rustler_error(kind: String) -> NifResult<i64> {
    rustler_result(&kind)
}

#[cantilever::nif]
async fn yield_rustler_error(kind: String, n: u32) -> NifResult<i64> {
    for _ in 0..n {
        cantilever::checkpoint().await;
    }
    rustler_result(&kind)
}
