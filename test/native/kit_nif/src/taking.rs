//! Functions that take and give back each type, Normal and Yielding alike.

use std::collections::HashMap;

use cantilever::{
    Atom, BigInt, Binary, CancelToken, Encoder, Env, LocalPid, OwnedBinary, SharedBinary, Term,
    ThreadKind,
};

async fn checkpoints(n: u32) {
    for _ in 0..n {
        cantilever::checkpoint().await;
    }
}

macro_rules! takes {
    ($($plain:ident, $yielding:ident: $type:ty;)*) => {
        $(
            #[cantilever::nif]
            fn $plain(value: $type) -> $type {
                value
            }

            #[cantilever::nif]
            async fn $yielding(value: $type, n: u32) -> $type {
                checkpoints(n).await;
                value
            }
        )*
    };
}

takes! {
    take_i64, yield_i64: i64;
    take_u8, yield_u8: u8;
    take_f64, yield_f64: f64;
    take_bool, yield_bool: bool;
    take_atom, yield_atom: Atom;
    take_string, yield_string: String;
    take_big, yield_big: BigInt;
    take_shared, yield_shared: SharedBinary;
    take_pid, yield_pid: LocalPid;
    take_option, yield_option: Option<i64>;
    take_list, yield_list: Vec<i64>;
    take_tuple, yield_tuple: (i64, String);
    take_map, yield_map: HashMap<String, i64>;
}

#[cantilever::nif]
fn take_binary<'a>(value: Binary<'a>) -> Binary<'a> {
    value
}

#[cantilever::nif]
fn take_str(value: &str) -> usize {
    value.len()
}

#[cantilever::nif]
fn take_term<'a>(env: Env<'a>, value: Term<'a>, cancel: CancelToken) -> Term<'a> {
    (value, cancel.is_cancelled()).encode(env)
}

#[cantilever::nif]
fn take_nothing() -> bool {
    true
}

/// A length that comes from a caller has a limit: where there is no memory for a binary, the VM ends.
#[cantilever::nif]
fn owned_binary(length: u16) -> OwnedBinary {
    let mut binary = OwnedBinary::new(usize::from(length));
    binary.as_mut_slice().fill(b'x');
    binary
}

#[cantilever::nif(name = "renamed?")]
fn renamed() -> bool {
    true
}

/// Where the bytes lie in memory, at the start and after `n` checkpoints.
#[cantilever::nif]
async fn addresses(value: SharedBinary, n: u32) -> (usize, usize, u64) {
    let before = value.as_ptr().addr();
    checkpoints(n).await;
    (
        before,
        value.as_ptr().addr(),
        value.iter().map(|byte| u64::from(*byte)).sum(),
    )
}

#[cantilever::nif]
fn address(value: Binary<'_>) -> usize {
    value.as_ptr().addr()
}

fn kind() -> &'static str {
    match cantilever::thread_kind() {
        ThreadKind::Normal => "normal",
        ThreadKind::DirtyCpu => "dirty_cpu",
        ThreadKind::DirtyIo => "dirty_io",
        ThreadKind::Unmanaged => "unmanaged",
    }
}

#[cantilever::nif]
fn kind_normal() -> &'static str {
    kind()
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn kind_dirty_cpu() -> &'static str {
    kind()
}

#[cantilever::nif(schedule = "DirtyIo")]
fn kind_dirty_io() -> &'static str {
    kind()
}

#[cantilever::nif]
async fn kind_yielding(n: u32) -> (&'static str, &'static str) {
    let before = kind();
    checkpoints(n).await;
    (before, kind())
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn kind_parallel() -> &'static str {
    cantilever::parallel(kind)
}

#[rustler::nif]
fn rustler_add(a: i64, b: i64) -> i64 {
    a + b
}

#[rustler::nif(schedule = "DirtyCpu")]
fn rustler_dirty_add(a: i64, b: i64) -> i64 {
    a + b
}
