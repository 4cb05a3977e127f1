//! Builds of one library that differ, for the tests of upgrading.

#![forbid(unsafe_code)]
#![cfg(not(test))]

mod calls;
mod handles;

#[cfg(feature = "own_allocator")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

cantilever::init!("Elixir.Cantilever.UpgradeNif", load = load);

fn load(_env: cantilever::Env<'_>, _load_data: cantilever::Term<'_>) -> Result<(), &'static str> {
    if cfg!(feature = "refusing") {
        Err("this build refuses")
    } else {
        Ok(())
    }
}
