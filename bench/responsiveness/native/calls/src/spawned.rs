//! A job on a thread of its own, whose answer comes as a message: `rustler::thread`.

use rustler::thread::{ThreadSpawner, spawn};
use rustler::{Atom, Binary, Encoder, Env, OwnedEnv};

/// Runs `job` on a new thread, and sends what it gives to the caller.
pub(crate) fn run<T: Encoder>(env: Env<'_>, job: impl FnOnce() -> T + Send + 'static) -> Atom {
    let job = std::panic::AssertUnwindSafe(job);
    spawn::<ThreadSpawner, _>(env, move |env| {
        let job = job;
        (job.0)().encode(env)
    });
    rustler::types::atom::ok()
}

/// The same for a job on a binary, which is not copied.
pub(crate) fn run_on<T: Encoder>(
    env: Env<'_>,
    binary: Binary<'_>,
    job: impl FnOnce(&[u8]) -> Result<T, String> + Send + 'static,
) -> Atom {
    let kept = OwnedEnv::new();
    let term = kept.save(binary);
    run(env, move || {
        kept.run(|env| match term.load(env).decode::<Binary<'_>>() {
            Ok(binary) => job(binary.as_slice()),
            Err(_) => Err("the binary is gone".to_owned()),
        })
    })
}
