//! The kit's kernels in plain Rust, for its criterion benches and for the programs that bench/*.exs compare with.

#![forbid(unsafe_code)]

pub mod kernels;

pub use cantilever_native::intensive_calculation::sum_of_squares;
