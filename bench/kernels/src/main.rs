//! `sum_of_squares INPUT`: prints how many nanoseconds the sum took, and the sum.

#![forbid(unsafe_code)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let Some(Ok(input)) = std::env::args().nth(1).map(|text| text.parse::<u64>()) else {
        eprintln!("usage: sum_of_squares INPUT, a non-negative integer");
        return ExitCode::from(2);
    };
    let started = Instant::now();
    let sum = cantilever_bench::sum_of_squares(black_box(input));
    println!("{} {sum}", started.elapsed().as_nanos());
    ExitCode::SUCCESS
}
