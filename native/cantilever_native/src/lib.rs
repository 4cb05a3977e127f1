//! The native functions of the kit itself: plain Rust here, their glue to the VM in `nif`.

#![forbid(unsafe_code)]

pub mod intensive_calculation;
pub mod json;

// A test binary has no VM to link to.
#[cfg(all(feature = "nif", not(test)))]
mod nif;
