//! `json_floors MS FILE…`: for each file and crate, decodes and encodes for so many milliseconds, and
//! prints lines of `CRATE DIRECTION FILE NANOSECONDS`, with the nanoseconds of one call and FILE as a
//! number from 0 on.

#![forbid(unsafe_code)]

mod crates;

use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(Ok(ms)) = arguments
        .next()
        .map(|ms| ms.parse().map(Duration::from_millis))
    else {
        eprintln!("usage: json_floors MS FILE…, with MS a non-negative integer");
        return ExitCode::from(2);
    };
    for (index, path) in arguments.enumerate() {
        let measured = std::fs::read(&path)
            .map_err(|error| error.to_string())
            .and_then(|text| crates::measure(&text, ms));
        match measured {
            Ok(lines) => {
                for (name, direction, ns) in lines {
                    println!("{name} {direction} {index} {ns}");
                }
            }
            Err(message) => {
                eprintln!("{path}: {message}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// The nanoseconds of one call, over as many as fit into `time`, after one that is not counted.
fn ns_per_call<E: ToString>(
    time: Duration,
    mut call: impl FnMut() -> Result<(), E>,
) -> Result<u64, String> {
    let mut checked = || call().map_err(|error| error.to_string());
    checked()?;
    let begun = Instant::now();
    let mut calls = 0;
    loop {
        checked()?;
        calls += 1;
        let elapsed = begun.elapsed();
        if elapsed >= time {
            let ns = elapsed.as_nanos() / calls;
            return u64::try_from(ns).map_err(|error| error.to_string());
        }
    }
}
