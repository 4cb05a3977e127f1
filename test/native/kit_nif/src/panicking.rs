//! Panics in every place that user code can run.

use cantilever::rayon::prelude::*;
use cantilever::rustler::{Decoder, Encoder, NifResult};
use cantilever::{Env, Handle, Term};

struct PanicsInDecode;

impl<'a> Decoder<'a> for PanicsInDecode {
    fn decode(_term: Term<'a>) -> NifResult<Self> {
        panic!("in decode")
    }
}

struct PanicsInEncode;

impl Encoder for PanicsInEncode {
    fn encode<'a>(&self, _env: Env<'a>) -> Term<'a> {
        panic!("in encode")
    }
}

pub(crate) struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("in drop");
        }
    }
}

#[cantilever::nif]
fn panic_normal(message: String) -> bool {
    panic!("{message}")
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn panic_dirty_cpu(message: String) -> bool {
    panic!("{message}")
}

#[cantilever::nif(schedule = "DirtyIo")]
fn panic_dirty_io(message: String) -> bool {
    panic!("{message}")
}

#[cantilever::nif]
async fn panic_yielding(message: String, n: u32) -> bool {
    for _ in 0..n {
        cantilever::checkpoint().await;
    }
    panic!("{message}")
}

#[cantilever::nif]
fn panic_payload() -> bool {
    std::panic::panic_any(42_u8)
}

#[cantilever::nif]
fn panic_decode(_value: PanicsInDecode) -> bool {
    true
}

#[cantilever::nif]
async fn yield_panic_decode(_value: PanicsInDecode) -> bool {
    true
}

#[cantilever::nif]
fn panic_encode() -> PanicsInEncode {
    PanicsInEncode
}

#[cantilever::nif]
async fn yield_panic_encode(n: u32) -> PanicsInEncode {
    for _ in 0..n {
        cantilever::checkpoint().await;
    }
    PanicsInEncode
}

#[cantilever::nif]
fn panic_drop() -> bool {
    let _guard = PanicsInDrop;
    true
}

#[cantilever::nif]
async fn yield_panic_drop(n: u32) -> bool {
    let _guard = PanicsInDrop;
    for _ in 0..n {
        cantilever::checkpoint().await;
    }
    true
}

/// Drops its guard when the caller is killed.
#[cantilever::nif]
async fn yield_forever_then_panic_in_drop() -> bool {
    let _guard = PanicsInDrop;
    loop {
        cantilever::checkpoint().await;
    }
}

#[cantilever::nif]
fn handle_that_panics_in_drop() -> Handle<PanicsInDrop> {
    Handle::new(PanicsInDrop)
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn panic_parallel(at: u32) -> u64 {
    cantilever::parallel(|| {
        (0..1000_u32)
            .into_par_iter()
            .map(|i| {
                if i == at {
                    panic!("in rayon at {i}")
                } else {
                    u64::from(i)
                }
            })
            .sum()
    })
}

/// A job in the pool, which nobody waits for.
#[cantilever::nif(schedule = "DirtyCpu")]
fn panic_spawned(message: String) -> bool {
    cantilever::parallel(|| cantilever::rayon::spawn(move || panic!("{message}")));
    true
}

#[cantilever::nif]
fn parallel_on_a_scheduler() -> u64 {
    cantilever::parallel(|| 1)
}

/// A thread of its own, which nobody waits for.
#[cantilever::nif]
fn panic_thread(message: String) -> bool {
    std::thread::spawn(move || panic!("{message}"));
    true
}

#[rustler::nif]
fn rustler_panic() -> bool {
    panic!("in rustler")
}
