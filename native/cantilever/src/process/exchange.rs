//! Feeding a program and reading what it writes, all at once, so that neither waits for the other.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::process::{ChildStderr, ChildStdin, ChildStdout};
use std::time::Duration;

use super::error::ProcessError;

const CHUNK_BYTES: usize = 64 * 1024;

/// What is left to write to a program.
struct Input<'a> {
    stream: Option<ChildStdin>,
    rest: &'a [u8],
}

/// What was read from a program so far.
struct Captured<R> {
    stream: Option<R>,
    name: &'static str,
    bytes: Vec<u8>,
    limit_bytes: usize,
}

/// Writes `input` and reads both outputs until all are done with, looking at `cancelled` at least every `look`.
///
/// # Errors
/// That it was cancelled, that there was too much output, or what the system says.
pub(super) fn exchange(
    streams: (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>),
    input: &[u8],
    limit_bytes: usize,
    look: Duration,
    cancelled: &dyn Fn() -> bool,
) -> Result<(Vec<u8>, Vec<u8>), ProcessError> {
    let mut stdin = Input {
        stream: streams.0,
        rest: input,
    };
    let mut stdout = Captured::new(streams.1, "standard output", limit_bytes);
    let mut stderr = Captured::new(streams.2, "standard error", limit_bytes);
    let mut buffer = vec![0; CHUNK_BYTES];
    for fd in [
        fd(stdin.stream.as_ref()),
        fd(stdout.stream.as_ref()),
        fd(stderr.stream.as_ref()),
    ] {
        if fd >= 0 {
            never_block(fd).map_err(ProcessError::Failed)?;
        }
    }
    loop {
        if cancelled() {
            return Err(ProcessError::Cancelled);
        }
        let mut ready = [
            interest(stdin.stream.as_ref(), libc::POLLOUT),
            interest(stdout.stream.as_ref(), libc::POLLIN),
            interest(stderr.stream.as_ref(), libc::POLLIN),
        ];
        if ready.iter().all(|poll| poll.fd < 0) {
            return Ok((stdout.bytes, stderr.bytes));
        }
        poll(&mut ready, look).map_err(ProcessError::Failed)?;
        if ready[0].revents != 0 {
            stdin.proceed().map_err(ProcessError::Failed)?;
        }
        if ready[1].revents != 0 {
            stdout.proceed(&mut buffer)?;
        }
        if ready[2].revents != 0 {
            stderr.proceed(&mut buffer)?;
        }
    }
}

impl Input<'_> {
    fn proceed(&mut self) -> io::Result<()> {
        let Some(stream) = self.stream.as_mut() else {
            return Ok(());
        };
        match stream.write(self.rest) {
            Ok(written) => self.rest = &self.rest[written..],
            // The program need not read all of its input, and may end before it has.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.rest = &[],
            Err(error) if is_passing(&error) => (),
            Err(error) => return Err(error),
        }
        if self.rest.is_empty() {
            self.stream = None;
        }
        Ok(())
    }
}

impl<R: Read> Captured<R> {
    fn new(stream: Option<R>, name: &'static str, limit_bytes: usize) -> Self {
        Captured {
            stream,
            name,
            bytes: Vec::new(),
            limit_bytes,
        }
    }

    fn proceed(&mut self, buffer: &mut [u8]) -> Result<(), ProcessError> {
        let Some(stream) = self.stream.as_mut() else {
            return Ok(());
        };
        match stream.read(buffer) {
            Ok(0) => self.stream = None,
            Ok(read) if read > self.limit_bytes - self.bytes.len() => {
                return Err(ProcessError::TooMuchOutput {
                    stream: self.name,
                    limit_bytes: self.limit_bytes,
                });
            }
            Ok(read) => self.bytes.extend_from_slice(&buffer[..read]),
            Err(error) if is_passing(&error) => (),
            Err(error) => return Err(ProcessError::Failed(error)),
        }
        Ok(())
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn fd(stream: Option<&impl AsRawFd>) -> RawFd {
    stream.map_or(-1, AsRawFd::as_raw_fd)
}

/// The system passes over a descriptor below 0.
fn interest(stream: Option<&impl AsRawFd>, events: libc::c_short) -> libc::pollfd {
    libc::pollfd {
        fd: fd(stream),
        events,
        revents: 0,
    }
}

fn poll(ready: &mut [libc::pollfd; 3], most: Duration) -> io::Result<()> {
    let most_ms = libc::c_int::try_from(most.as_millis()).unwrap_or(libc::c_int::MAX);
    // SAFETY: the three entries are there to be written.
    let count = unsafe { libc::poll(ready.as_mut_ptr(), 3, most_ms) };
    match io::Error::last_os_error() {
        error if count < 0 && error.kind() != ErrorKind::Interrupted => Err(error),
        _ => Ok(()),
    }
}

fn never_block(fd: RawFd) -> io::Result<()> {
    // SAFETY: the descriptor is that of a stream which the caller owns.
    let done = unsafe {
        let flags = libc::fcntl(fd, libc::F_GETFL);
        flags != -1 && libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) != -1
    };
    if done {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
