//! A program that runs, and does not outlive whoever waits for it.

use std::io;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use std::thread;
use std::time::Duration;

use super::error::ProcessError;

/// A program has closed its outputs shortly before it ends; only one that did so on purpose takes longer.
const FIRST_LOOK: Duration = Duration::from_micros(20);

/// The last pause between looks for a program that was killed: all of them take twice as long.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// A child in a process group of its own, which is killed and reaped with this.
pub(super) struct Running {
    child: Child,
    reaped: bool,
}

impl Running {
    pub(super) fn new(child: Child) -> Self {
        Running {
            child,
            reaped: false,
        }
    }

    pub(super) fn streams(
        &mut self,
    ) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        let child = &mut self.child;
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    }

    /// Waits until it has ended, looking at `cancelled` at least every `look`.
    ///
    /// # Errors
    /// That it was cancelled, or what the system says.
    pub(super) fn wait(
        mut self,
        look: Duration,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<ExitStatus, ProcessError> {
        let mut pause = FIRST_LOOK;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    self.reaped = true;
                    return Ok(status);
                }
                Ok(None) => {}
                Err(error) => {
                    // Somebody else has waited for it, so its number may be another program's by now.
                    self.reaped = error.raw_os_error() == Some(libc::ECHILD);
                    return Err(ProcessError::Failed(error));
                }
            }
            if cancelled() {
                return Err(ProcessError::Cancelled);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(look);
        }
    }
}

impl Running {
    /// Waits for what was killed to be gone. A program that the system did not let us kill, as one that has
    /// become another user's, is waited for elsewhere.
    fn reap(&mut self) {
        self.reap_child();
        // Where the node is the first process of its container, what the program has started is its child now.
        if let Ok(group) = libc::pid_t::try_from(self.child.id()) {
            // SAFETY: waits for children of this process that are in the program's group, and asks for no status.
            while unsafe { libc::waitpid(-group, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
        }
    }

    fn reap_child(&mut self) {
        let mut pause = FIRST_LOOK;
        while pause < LONGEST_PAUSE {
            // An error says that somebody else has reaped it.
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(pause);
            pause *= 2;
        }
        if let Ok(pid) = libc::pid_t::try_from(self.child.id()) {
            let waiting = thread::Builder::new().name("cantilever-reap".to_owned());
            // SAFETY: waits for a child of this process that nobody has reaped, and asks for no status.
            let _ = waiting.spawn(move || unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) });
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.reaped {
            return;
        }
        // Until it is reaped its number is nobody else's, and neither is its group's.
        if let Ok(group) = libc::pid_t::try_from(self.child.id()) {
            // SAFETY: sends a signal to the group that the child was started in.
            unsafe { libc::kill(-group, libc::SIGKILL) };
        }
        // It may have left the group.
        let _: io::Result<()> = self.child.kill();
        self.reap();
    }
}
