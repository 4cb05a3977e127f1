//! `cantilever_fuzz SUBJECT SECONDS [--seed N] [--from CASE] [FILE…]`: mutates small documents and
//! those of the files, and ends with status 1 and the smallest text that shows it at the first finding.
//!
//! A case follows from the seed and its number alone. Where the subject takes the process down with
//! it, `--from` with the last number that was printed gets there again.

#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use cantilever_fuzz::random::Random;
use cantilever_fuzz::{Decode, check, mutate, shrink, subjects};

const CASES_BETWEEN_LOOKS: u64 = 256;

struct Options {
    decode: Decode,
    time: Duration,
    seed: u64,
    from: u64,
    documents: Vec<Vec<u8>>,
}

fn main() -> ExitCode {
    match options(std::env::args().skip(1)) {
        Ok(options) => run(&options),
        Err(message) => {
            eprintln!("{message}");
            eprintln!("usage: cantilever_fuzz SUBJECT SECONDS [--seed N] [--from CASE] [FILE…]");
            eprintln!("subjects: {}", subjects::NAMES.join(", "));
            ExitCode::from(2)
        }
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let subject = arguments.next().ok_or("which subject?")?;
    let decode = subjects::named(&subject).ok_or(format!("no such subject: {subject}"))?;
    let time = Duration::from_secs(number(arguments.next(), "SECONDS")?);
    let mut options = Options {
        decode,
        time,
        seed: 1,
        from: 0,
        documents: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seed" => options.seed = number(arguments.next(), "--seed")?,
            "--from" => options.from = number(arguments.next(), "--from")?,
            path => {
                let text = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
                options.documents.push(text);
            }
        }
    }
    Ok(options)
}

fn number(argument: Option<String>, name: &str) -> Result<u64, String> {
    argument
        .and_then(|argument| argument.parse().ok())
        .ok_or(format!("{name} must be a number"))
}

fn run(options: &Options) -> ExitCode {
    let bases = mutate::bases(options.documents.clone());
    let begun = Instant::now();
    let mut told = 0;
    let mut case = options.from;
    loop {
        if case.is_multiple_of(CASES_BETWEEN_LOOKS) {
            let seconds = begun.elapsed().as_secs();
            if seconds > told || case == options.from {
                told = seconds;
                println!("{seconds} s: case {case} of seed {}", options.seed);
            }
            if begun.elapsed() >= options.time {
                println!("{} cases without a finding", case - options.from);
                return ExitCode::SUCCESS;
            }
        }
        let text = mutate::mutated(&bases, &mut Random::new(options.seed, case));
        if let Some(finding) = check(options.decode, &text) {
            tell(options, case, text, &finding);
            return ExitCode::FAILURE;
        }
        case += 1;
    }
}

fn tell(options: &Options, case: u64, text: Vec<u8>, finding: &str) {
    println!("case {case} of seed {}: {finding}", options.seed);
    let small = shrink::shrunk(text, |text| check(options.decode, text).is_some());
    let why = check(options.decode, &small).unwrap_or_default();
    println!("the smallest text: b\"{}\"", small.escape_ascii());
    println!("{why}");
}
