//! A program that runs, and does not outlive whoever waits for it.

use std::io;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use std::thread;
use std::time::Duration;

use super::error::ProcessError;

/// A program has closed its outputs shortly before it ends; only one that did so on purpose takes longer.
const FIRST_LOOK: Duration = Duration::from_micros(20);

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
            if let Some(status) = self.child.try_wait().map_err(ProcessError::Failed)? {
                self.reaped = true;
                return Ok(status);
            }
            if cancelled() {
                return Err(ProcessError::Cancelled);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(look);
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
        // Fails only if somebody else has reaped it, and then there is nothing left to do.
        let _: io::Result<ExitStatus> = self.child.wait();
    }
}
