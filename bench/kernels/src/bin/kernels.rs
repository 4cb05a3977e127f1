//! `kernels JOB SIZE RUNS`: runs a job so often, each time in one go and in slices, and prints the
//! nanoseconds of both, a line for each run.
//!
//! The size of `arithmetic` is how many squares are added up, that of `records` how many bytes are
//! decoded, and that of `thumbnail` how many pixels wide the picture is, which is two thirds as high.

#![forbid(unsafe_code)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use cantilever_bench::kernels::{JOBS, Kernel};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wanted = match arguments.as_slice() {
        [job, size, runs] => size
            .parse()
            .ok()
            .zip(runs.parse::<u32>().ok())
            .and_then(|(size, runs)| Some((Kernel::new(job, size)?, runs))),
        _ => None,
    };
    let Some((kernel, runs)) = wanted else {
        eprintln!("usage: kernels {} SIZE RUNS", JOBS.join("|"));
        return ExitCode::from(2);
    };
    // The first run of a process pays for its memory, whichever it is.
    let _warm_up = (black_box(kernel.run()), black_box(kernel.run_in_slices()));
    for _ in 0..runs {
        let whole = timed(|| kernel.run());
        let sliced = timed(|| kernel.run_in_slices());
        println!("{} {}", whole.as_nanos(), sliced.as_nanos());
    }
    ExitCode::SUCCESS
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let started = Instant::now();
    black_box(work());
    started.elapsed()
}
