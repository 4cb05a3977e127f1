//! `sum_of_squares INPUT`: prints how many nanoseconds the sum took, and the sum.
//!
//! `sum_of_squares --longest MS`: looks at the clock for so many milliseconds, in stretches of
//! 20 µs, and prints the nanoseconds of the longest: what the machine itself does to a slice.

#![forbid(unsafe_code)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const STRETCH: Duration = Duration::from_micros(20);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (longest, number) = match arguments.as_slice() {
        [input] => (false, input.parse()),
        [option, ms] if option == "--longest" => (true, ms.parse()),
        _ => (false, "".parse::<u64>()),
    };
    match number {
        Ok(ms) if longest => println!("{}", longest_stretch(ms).as_nanos()),
        Ok(input) => {
            let started = Instant::now();
            let sum = cantilever_bench::sum_of_squares(black_box(input));
            println!("{} {sum}", started.elapsed().as_nanos());
        }
        Err(_) => {
            eprintln!("usage: sum_of_squares INPUT | --longest MS, each a non-negative integer");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn longest_stretch(ms: u64) -> Duration {
    let begun = Instant::now();
    let mut longest = Duration::ZERO;
    while begun.elapsed() < Duration::from_millis(ms) {
        let start = Instant::now();
        let mut end = start;
        while end - start < STRETCH {
            end = Instant::now();
        }
        longest = longest.max(end - start);
    }
    longest
}
