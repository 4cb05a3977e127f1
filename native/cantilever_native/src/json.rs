//! JSON (RFC 8259) as plain Rust, which knows no term: `nif` makes terms of what is read here.

pub mod decode;
