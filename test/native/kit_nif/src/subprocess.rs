//! Runs other programs.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use cantilever::process::{Capture, ProcessError};
use cantilever::{CancelToken, Encoder, Env, NewBinary, SharedBinary, Term};

struct Ended {
    status: Option<i32>,
    signal: Option<i32>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Encoder for Ended {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        let binary = |bytes: &[u8]| -> Term<'a> {
            let mut binary = NewBinary::new(env, bytes.len());
            binary.as_mut_slice().copy_from_slice(bytes);
            binary.into()
        };
        (
            self.status,
            self.signal,
            binary(&self.stdout),
            binary(&self.stderr),
        )
            .encode(env)
    }
}

#[cantilever::nif(schedule = "DirtyIo")]
fn run_program(
    program: String,
    arguments: Vec<String>,
    input: SharedBinary,
    limit_bytes: usize,
    cancel: CancelToken,
) -> Result<Ended, ProcessError> {
    let capture = Capture::new().input(&input).limit_bytes(limit_bytes);
    let output = capture.output(Command::new(program).args(arguments), &cancel)?;
    Ok(Ended {
        status: output.status.code(),
        signal: output.status.signal(),
        stdout: output.stdout,
        stderr: output.stderr,
    })
}
