//! Running other programs from native code.
//!
//! [`Command::output`] and `status` do not work inside the BEAM, which has the system forget the exit status of its
//! children: they fail with "No child processes". Here is what does, and what ends a program with its caller.

mod error;
mod exchange;
mod inheritance;
mod running;

use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::cancel::CancelToken;
use crate::thread_kind::{ThreadKind, thread_kind};
pub use error::ProcessError;
use running::Running;

/// How long the caller may have been dead before that is seen.
const LOOK: Duration = Duration::from_millis(5);

/// Runs a program to its end and returns its exit status and what it wrote, up to 16 MiB on each stream.
///
/// To be called from a DirtyIo function, or a thread of your own. The same as [`Capture::output`] with the defaults
/// of [`Capture::new`].
///
/// ```no_run
/// use std::process::Command;
///
/// use cantilever::CancelToken;
/// use cantilever::process::{self, ProcessError};
///
/// #[cantilever::nif(schedule = "DirtyIo")]
/// fn image_size(path: String, cancel: CancelToken) -> Result<String, ProcessError> {
///     let output = process::output(Command::new("identify").arg("--").arg(path), &cancel)?;
///     Ok(String::from_utf8_lossy(&output.stdout).into_owned())
/// }
/// ```
///
/// # Errors
/// Those of [`Capture::output`].
///
/// # Panics
/// On a normal scheduler, which it would block.
pub fn output(command: &mut Command, cancel: &CancelToken) -> Result<Output, ProcessError> {
    Capture::new().output(command, cancel)
}

/// What goes into a program and how much may come out.
///
/// ```no_run
/// use std::process::Command;
///
/// use cantilever::CancelToken;
/// use cantilever::process::{Capture, ProcessError};
///
/// #[cantilever::nif(schedule = "DirtyIo")]
/// fn sorted(lines: String, cancel: CancelToken) -> Result<String, ProcessError> {
///     let capture = Capture::new().input(lines.as_bytes()).limit_bytes(1024 * 1024);
///     let output = capture.output(&mut Command::new("sort"), &cancel)?;
///     Ok(String::from_utf8_lossy(&output.stdout).into_owned())
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Capture<'a> {
    input: &'a [u8],
    limit_bytes: usize,
}

impl<'a> Capture<'a> {
    /// No input, and up to 16 MiB of each output.
    #[must_use]
    pub fn new() -> Self {
        Capture {
            input: &[],
            limit_bytes: 16 * 1024 * 1024,
        }
    }

    /// What the program reads from its standard input.
    #[must_use]
    pub fn input(self, input: &'a [u8]) -> Self {
        Capture { input, ..self }
    }

    /// How many bytes the program may write to its standard output, and as many to its standard error.
    #[must_use]
    pub fn limit_bytes(self, limit_bytes: usize) -> Self {
        Capture {
            limit_bytes,
            ..self
        }
    }

    /// Runs a program until it has ended and its outputs are closed.
    ///
    /// The status is the program's own: its [`code`](std::process::ExitStatus::code), or the signal that ended it,
    /// of [`ExitStatusExt`](std::os::unix::process::ExitStatusExt). A program that fails is no error.
    ///
    /// When the caller dies, the program is killed within some 5 ms, and so are those that it has started, unless
    /// they have left its process group. It inherits none of the VM's files and sockets, but its working directory
    /// and the environment that the node was *started* with: `System.put_env/2` does not reach it, `command.env`
    /// does. What `command` says of its standard streams and process group is overridden.
    ///
    /// The first call sets the action of the signal SIGCHLD to its default, as `:os.set_signal(:sigchld, :default)`
    /// does, and leaves it so. The VM has no need of it; other native code that starts programs and never waits for
    /// them would leave zombies from then on. So would, in a container whose first process is the node, programs that
    /// outlive whoever started them: there, have an init process (`docker run --init`).
    ///
    /// # Errors
    /// [`ProcessError`] says which; whatever it is, the program does not run any more, but for one that may not be
    /// killed, as it has become another user's.
    ///
    /// # Panics
    /// On a normal scheduler, which it would block.
    pub fn output(
        &self,
        command: &mut Command,
        cancel: &CancelToken,
    ) -> Result<Output, ProcessError> {
        self.output_unless(command, &|| cancel.is_cancelled())
    }

    fn output_unless(
        &self,
        command: &mut Command,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Output, ProcessError> {
        if thread_kind() == ThreadKind::Normal {
            panic!(
                "cantilever::process would block a scheduler: give the function schedule = \"DirtyIo\""
            );
        }
        if cancelled() {
            return Err(ProcessError::Cancelled);
        }
        let program = command.get_program().to_string_lossy().into_owned();
        let not_started = |source| ProcessError::NotStarted { program, source };
        if let Err(source) =
            inheritance::keep_exit_statuses().and_then(|()| inheritance::close_on_exec())
        {
            return Err(not_started(source));
        }
        let stdin = if self.input.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        };
        let spawned = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn();
        let mut running = Running::new(spawned.map_err(not_started)?);
        let (stdout, stderr) = exchange::exchange(
            running.streams(),
            self.input,
            self.limit_bytes,
            LOOK,
            cancelled,
        )?;
        let status = running.wait(LOOK, cancelled)?;
        Ok(Output {
            status,
            stdout,
            stderr,
        })
    }
}

impl Default for Capture<'_> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
