//! The types of `taking.rs` once more, in functions that run on dirty schedulers.

use std::collections::HashMap;

use cantilever::{Atom, BigInt, Binary, LocalPid, SharedBinary, Term};

macro_rules! takes {
    ($($cpu:ident, $io:ident: $type:ty;)*) => {
        $(
            #[cantilever::nif(schedule = "DirtyCpu")]
            fn $cpu(value: $type) -> $type {
                value
            }

            #[cantilever::nif(schedule = "DirtyIo")]
            fn $io(value: $type) -> $type {
                value
            }
        )*
    };
}

takes! {
    dirty_cpu_i64, dirty_io_i64: i64;
    dirty_cpu_u8, dirty_io_u8: u8;
    dirty_cpu_f64, dirty_io_f64: f64;
    dirty_cpu_bool, dirty_io_bool: bool;
    dirty_cpu_atom, dirty_io_atom: Atom;
    dirty_cpu_string, dirty_io_string: String;
    dirty_cpu_big, dirty_io_big: BigInt;
    dirty_cpu_shared, dirty_io_shared: SharedBinary;
    dirty_cpu_pid, dirty_io_pid: LocalPid;
    dirty_cpu_option, dirty_io_option: Option<i64>;
    dirty_cpu_list, dirty_io_list: Vec<i64>;
    dirty_cpu_tuple, dirty_io_tuple: (i64, String);
    dirty_cpu_map, dirty_io_map: HashMap<String, i64>;
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn dirty_cpu_binary<'a>(value: Binary<'a>) -> Binary<'a> {
    value
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn dirty_cpu_str(value: &str) -> usize {
    value.len()
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn dirty_cpu_term(value: Term<'_>) -> Term<'_> {
    value
}
