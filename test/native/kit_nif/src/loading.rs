//! A `load` that does what the load data says.

use std::sync::atomic::{AtomicI64, Ordering};

use cantilever::{Env, Term};

static SEEN: AtomicI64 = AtomicI64::new(0);

pub(crate) fn load(_env: Env<'_>, load_data: Term<'_>) -> Result<(), String> {
    match load_data.atom_to_string().as_deref() {
        Ok("fail") => return Err("load was told to fail".to_owned()),
        Ok("own_logger") => crate::logging::set_own_logger(),
        Ok("panic") => panic!("load was told to panic"),
        _ => (),
    }
    if let Ok(number) = load_data.decode() {
        SEEN.store(number, Ordering::Relaxed);
    }
    Ok(())
}

#[cantilever::nif]
fn seen_load_data() -> i64 {
    SEEN.load(Ordering::Relaxed)
}
