//! JSON, as far as it is not about terms.

pub mod encode;
