//! JSON (RFC 8259) as plain Rust, which knows no term: `nif` reads and writes these.

pub mod check;
pub mod decode;
pub mod encode;
