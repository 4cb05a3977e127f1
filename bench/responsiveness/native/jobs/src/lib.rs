//! What the benches of responsiveness have computed: three jobs in plain Rust, each in one go, in steps between which
//! others may run, and on all threads of a rayon pool.

#![forbid(unsafe_code)]

pub mod arithmetic;
mod random;
pub mod records;
pub mod thumbnail;
