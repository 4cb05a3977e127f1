//! The niceness of single threads, and the length of their turns, which tell the system whom to give a processor that
//! several want.

/// Lets others go first from now on, the more the higher `nice` is: it is added to what the node has, up to
/// 19 in all. A thread may not take that back. Only Linux has a niceness for each thread; elsewhere this
/// does nothing.
pub(crate) fn lower_this_thread(nice: i32) {
    #[cfg(target_os = "linux")]
    if nice > 0 {
        // SAFETY: both take plain numbers. For Linux, 0 is the calling thread.
        let refused = unsafe {
            let inherited = libc::getpriority(libc::PRIO_PROCESS, 0);
            libc::setpriority(libc::PRIO_PROCESS, 0, (inherited + nice).min(19)) != 0
        };
        if refused {
            let error = std::io::Error::last_os_error();
            log::warn!("a thread of the pool keeps its priority: {error}");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = nice;
}

/// Asks the system for short turns for this thread from now on, once.
///
/// For threads that mostly wait: since Linux 6.12 a thread that wakes up takes the processor from another whose turn is longer, where
/// it would else wait for the end of that, some 3 ms. It gets no more of the processor for it. Where the system
/// does not know of it, or does not want to, all stays as it was.
pub(crate) fn shorten_turns_of_this_thread() {
    #[cfg(target_os = "linux")]
    SHORTENED.with(|shortened| {
        if !shortened.replace(true) {
            turns::shorten();
        }
    });
}

#[cfg(target_os = "linux")]
thread_local! {
    static SHORTENED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

#[cfg(target_os = "linux")]
mod turns {
    /// The shortest that the system grants.
    const SHORT_NS: u64 = 100_000;

    /// `struct sched_attr` of the first version, as sched_setattr(2) has it.
    #[repr(C)]
    #[derive(Default)]
    pub(super) struct Attributes {
        size: u32,
        policy: u32,
        flags: u64,
        nice: i32,
        priority: u32,
        pub(super) runtime_ns: u64,
        deadline_ns: u64,
        period_ns: u64,
    }

    const SIZE: u32 = size_of::<Attributes>() as u32;

    pub(super) fn read() -> Option<Attributes> {
        let mut attributes = Attributes::default();
        // SAFETY: the system writes at most `SIZE` bytes to where that many belong to us. 0 is the calling thread.
        let refused =
            unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, SIZE, 0) };
        (refused == 0).then_some(attributes)
    }

    pub(super) fn shorten() {
        // A thread that somebody has given another policy keeps it.
        if let Some(mut attributes) = read()
            && attributes.policy == libc::SCHED_OTHER as u32
        {
            attributes.size = SIZE;
            attributes.flags = 0;
            attributes.runtime_ns = SHORT_NS;
            // SAFETY: the system reads the `size` bytes that belong to us.
            unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn turns_are_shortened_once_and_nothing_else_changes() {
        let (before, after) = std::thread::spawn(|| {
            let niceness = nice();
            let before = turns::read()
                .expect("a system of Linux 3.14 or later")
                .runtime_ns;
            shorten_turns_of_this_thread();
            shorten_turns_of_this_thread();
            assert_eq!(nice(), niceness);
            (before, turns::read().expect("as above").runtime_ns)
        })
        .join()
        .unwrap();
        // Before Linux 6.12 there is no length to a turn, and it reads as 0.
        assert!(
            after == 100_000 || after == before,
            "{before} ns, then {after} ns"
        );
    }

    fn nice() -> i32 {
        // SAFETY: as above.
        unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }
    }

    #[test]
    fn only_the_thread_that_asks_gets_nicer() {
        let before = nice();
        let lowered = std::thread::spawn(|| {
            lower_this_thread(0);
            let unchanged = nice();
            lower_this_thread(3);
            let lowered = nice();
            lower_this_thread(19);
            [unchanged, lowered, nice()]
        });
        assert_eq!(lowered.join().unwrap(), [before, (before + 3).min(19), 19]);
        assert_eq!(nice(), before);
    }
}
