//! Native functions for Elixir and Erlang that the BEAM preempts like its own code.
//!
//! The kit stands on [rustler](::rustler), whose types, derives and traits it uses and whose
//! `#[rustler::nif]` works beside it. A crate that is loaded by `use Cantilever.Nif` looks so:
//!
//! ```no_run
//! #[cantilever::nif]
//! fn add(a: i64, b: i64) -> i64 {
//!     a + b
//! }
//!
//! #[cantilever::nif]
//! async fn checksum(bytes: cantilever::SharedBinary) -> u64 {
//!     let mut sum = 0;
//!     for chunk in bytes.chunks(4096) {
//!         sum += chunk.iter().copied().map(u64::from).sum::<u64>();
//!         cantilever::checkpoint().await;
//!     }
//!     sum
//! }
//!
//! cantilever::init!("Elixir.MyApp.Native");
//! # fn main() {}
//! ```
//!
//! Which way to run a function: see [`nif`].
//!
//! # What the functions say
//!
//! Records of the crate [`log`](mod@log), which is exported here, reach Elixir's Logger, from any thread
//! and without waiting for it, with the metadata `target`, `file`, `line`, `native_module`, `module`
//! (the Elixir module of the library) and `domain: [:cantilever]`:
//!
//! ```no_run
//! use cantilever::log::{info, warn};
//!
//! #[cantilever::nif]
//! fn parse_port(text: String) -> u16 {
//!     info!("asked for the port {text:?}");
//!     text.parse().unwrap_or_else(|error| {
//!         warn!("{text:?} is no port ({error}), taking 4000");
//!         4000
//!     })
//! }
//! ```
//!
//! How much is said is what Elixir's Logger has as its level when the library is loaded, or the setting
//! `log` of `load_data`; a level of the Elixir module, set by `Logger.put_module_level/2`, leaves out
//! more. `trace` becomes `debug`. Up to 100,000 records or 16 MiB may wait for the Logger; those on top
//! are dropped, and their number is logged. A text is cut off at 64 KiB. A library that sets a logger of
//! its own, in the `load` function of [`init!`] at the latest, keeps it; so what that function itself
//! says is heard by such a logger only.
//!
//! A Normal call, or a slice of a Yielding one, that holds its scheduler for longer than the setting
//! `slow_ms` becomes an event of telemetry: see `Cantilever.Telemetry`.
//!
//! # What a library costs
//!
//! The kit starts threads when there is something for them to do: one each to drop what a process has left
//! behind, to send what was said, to wake processes, and to find slow calls; and those of [`parallel`]. Each
//! ends when it has had nothing to do for a minute, or for what the setting `threads_idle_ms` says. The first
//! call after such a minute waits for a thread to be started, some 70 µs.
//!
//! A library is never unmapped, as threads of it may be running, and what others keep in its thread-local
//! storage is dropped by its code. So a build that another one has replaced still costs addresses for the size of
//! its file, and memory for what the loader and the library have written: 56 kB of a library of 2 MB.

mod admission;
mod args;
#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench;
mod binary_builder;
mod build;
mod builds;
mod call;
mod cancel;
mod continuation;
mod dirty;
mod errand;
mod error;
#[cfg(test)]
mod fake_vm;
mod handle;
mod init;
mod inspect;
mod log_level;
mod logger;
mod mailbox;
mod module;
mod niceness;
mod offload;
mod outbox;
mod panics;
mod pool;
pub mod process;
mod raise;
pub mod read;
mod reclaim;
mod resource;
mod returned;
mod settings;
mod shared_binary;
mod shared_layout;
mod signal;
mod slice;
mod stale_handle;
mod steps;
mod suspend;
mod suspended;
mod sync;
mod task;
mod term_builder;
mod thread_kind;
mod thread_state;
mod thread_yield;
mod watchdog;
mod worker;
mod yielding;

pub use cantilever_macros::{NifError, SharedLayout, nif, resource};
pub use log;
pub use rayon;
pub use rustler;
pub use rustler::{
    Atom, BigInt, Binary, Decoder, Encoder, Env, LocalPid, NewBinary, NifResult, OwnedBinary, Term,
};

pub use crate::binary_builder::BinaryBuilder;
pub use crate::cancel::{CancelToken, Cancelled};
pub use crate::continuation::{Continuation, Continue, SliceClock, Step};
pub use crate::handle::Handle;
pub use crate::offload::offload;
pub use crate::pool::parallel;
pub use crate::shared_binary::SharedBinary;
pub use crate::shared_layout::SharedLayout;
pub use crate::slice::{Checkpoint, SliceStats, checkpoint, reset_slice_stats, slice_stats};
pub use crate::term_builder::{DuplicateKey, OwnTerm, OwnTermBuilder, TermBuilder, TermMessage};
pub use crate::thread_kind::{ThreadKind, thread_kind};

/// What the macros' code refers to. Not for use by hand: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use rustler::Nif;
    pub use rustler::codegen_runtime::{c_char, inventory};
    pub use rustler::sys::{
        ERL_NIF_DIRTY_JOB_CPU_BOUND, ERL_NIF_DIRTY_JOB_IO_BOUND, ERL_NIF_NORMAL_JOB, ErlNifEntry,
    };

    pub use crate::admission::FunctionLimit;
    pub use crate::args::{Args, BadArgument, Listed, NifInfo};
    pub use crate::build::{Build, this_build};
    pub use crate::continuation::IntoFinished;
    pub use crate::dirty::{DirtyKind, DirtyNif, call_dirty};
    pub use crate::error::encode_error;
    pub use crate::init::{Library, LoadFn, LoadOutcome, entry};
    pub use crate::returned::{IntoReturned, Returned};
    pub use crate::shared_layout::{Declared, Resource, Structure};
    pub use crate::sync::{SyncNif, call_sync};
    pub use crate::yielding::{Start, Started, YieldingNif, call_yielding};
}

#[cfg(not(panic = "unwind"))]
compile_error!("cantilever turns panics into Elixir exceptions: build with `panic = \"unwind\"`");
