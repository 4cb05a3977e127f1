//! A stack that is deep enough for SQLite.
//!
//! It prepares statements by recursion: a few hundred terms of a compound SELECT, well within its limits, take more
//! than the 320 KiB that a dirty scheduler has, and the node would end. What a schema holds counts too, as a view is
//! prepared with each statement that uses it.

/// Room for what SQLite's limits let through. Only what is used of it becomes memory.
const SIZE: usize = 16 << 20;

/// Does `work` with that much stack, or with what there is if that is half as much.
pub(super) fn with_room<R>(work: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(SIZE / 2, SIZE, work)
}
