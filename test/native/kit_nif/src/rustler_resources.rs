//! A resource of rustler's kind. Only one of the two libraries has it, as it changes how they reload.

use std::sync::atomic::{AtomicI64, Ordering};

use cantilever::rustler::{Resource, ResourceArc};

struct RustlerCounter(AtomicI64);

#[rustler::resource_impl]
impl Resource for RustlerCounter {}

#[rustler::nif]
fn rustler_counter_new() -> ResourceArc<RustlerCounter> {
    ResourceArc::new(RustlerCounter(AtomicI64::new(0)))
}

#[cantilever::nif]
fn rustler_counter_next(counter: ResourceArc<RustlerCounter>) -> i64 {
    counter.0.fetch_add(1, Ordering::SeqCst)
}
