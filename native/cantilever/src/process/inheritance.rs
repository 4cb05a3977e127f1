//! What a program must not inherit from the VM, and the VM must not do to it.

use std::io;
use std::mem::MaybeUninit;

/// Has the system keep the exit status of children until somebody asks for it.
///
/// The VM ignores SIGCHLD, since the programs of its ports are the children of a helper process. But where that
/// signal is ignored, the system forgets a child as soon as it ends, waiting for it fails with ECHILD, and what is
/// started inherits the same. The signal's default action does nothing either, but remembers the status; to set it
/// so is what `os:set_signal(sigchld, default)` does. A handler is left alone.
///
/// # Errors
/// Those of the system.
pub(super) fn keep_exit_statuses() -> io::Result<()> {
    let mut current = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: only asks for the action, which is written on success; zero is a valid one, too.
    let mut action = unsafe {
        check(libc::sigaction(
            libc::SIGCHLD,
            std::ptr::null(),
            current.as_mut_ptr(),
        ))?;
        current.assume_init()
    };
    let ignored = action.sa_sigaction == libc::SIG_IGN;
    if !ignored && action.sa_flags & libc::SA_NOCLDWAIT == 0 {
        return Ok(());
    }
    if ignored {
        action.sa_sigaction = libc::SIG_DFL;
    }
    action.sa_flags &= !libc::SA_NOCLDWAIT;
    // SAFETY: the action is the one that held, or the default one.
    check(unsafe { libc::sigaction(libc::SIGCHLD, &action, std::ptr::null_mut()) }).map(|_| ())
}

/// Marks every descriptor but the three standard ones to be closed in programs that are started.
///
/// The VM marks none of its own: its sockets and files, and its line to the helper that runs its ports, would live
/// on in the program. It starts nothing itself by inheritance, so that they may stay marked. One that another
/// thread opens right now may escape.
///
/// # Errors
/// Those of the system.
pub(super) fn close_on_exec() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
        // SAFETY: with this flag no descriptor is closed here. A kernel that knows neither the call nor the
        // flag refuses it.
        let done = unsafe {
            libc::syscall(
                libc::SYS_close_range,
                3 as libc::c_uint,
                libc::c_uint::MAX,
                CLOSE_RANGE_CLOEXEC,
            )
        };
        if done == 0 {
            return Ok(());
        }
    }
    mark_each()
}

fn mark_each() -> io::Result<()> {
    let numbers: Vec<libc::c_int> = std::fs::read_dir("/dev/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    for fd in numbers.into_iter().filter(|fd| *fd > 2) {
        // SAFETY: asks for and sets the flags of a descriptor; one that is closed by now is refused.
        unsafe {
            let flags = libc::fcntl(fd, libc::F_GETFD);
            if flags >= 0 && flags & libc::FD_CLOEXEC == 0 {
                libc::fcntl(fd, libc::F_SETFD, flags | libc::FD_CLOEXEC);
            }
        }
    }
    Ok(())
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::fd::AsRawFd;

    #[test]
    fn every_way_of_marking_marks() {
        for mark in [close_on_exec, mark_each] {
            let file = File::open("/dev/null").unwrap();
            // SAFETY: the descriptor is the file's.
            unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFD, 0) };
            mark().unwrap();
            // SAFETY: as above.
            let flags = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETFD) };
            assert_eq!(flags, libc::FD_CLOEXEC);
        }
    }
}
