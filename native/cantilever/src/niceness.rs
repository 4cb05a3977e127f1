//! The niceness of single threads, which tells the system whom to give a processor that several want.

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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

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
