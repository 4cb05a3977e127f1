//! Which kind of thread this is.

use rustler::sys::{
    ERL_NIF_THR_DIRTY_CPU_SCHEDULER, ERL_NIF_THR_DIRTY_IO_SCHEDULER, ERL_NIF_THR_NORMAL_SCHEDULER,
    enif_thread_type,
};

/// A kind of thread, as the VM sees it.
///
/// ```no_run
/// # use cantilever::ThreadKind;
/// assert_eq!(std::thread::spawn(cantilever::thread_kind).join().unwrap(), ThreadKind::Unmanaged);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadKind {
    /// A normal scheduler, which must not be held for more than a millisecond.
    Normal,
    /// A dirty CPU scheduler.
    DirtyCpu,
    /// A dirty I/O scheduler.
    DirtyIo,
    /// A thread that the VM does not manage, such as one of the kit's pool.
    Unmanaged,
}

/// Returns the kind of the thread that asks.
///
/// ```no_run
/// use cantilever::ThreadKind;
///
/// fn may_block() -> bool {
///     cantilever::thread_kind() != ThreadKind::Normal
/// }
/// ```
pub fn thread_kind() -> ThreadKind {
    // SAFETY: the thread type may be asked anywhere.
    match unsafe { enif_thread_type() } {
        ERL_NIF_THR_NORMAL_SCHEDULER => ThreadKind::Normal,
        ERL_NIF_THR_DIRTY_CPU_SCHEDULER => ThreadKind::DirtyCpu,
        ERL_NIF_THR_DIRTY_IO_SCHEDULER => ThreadKind::DirtyIo,
        _ => ThreadKind::Unmanaged,
    }
}
