use std::cell::Cell;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::{RwLock, RwLockReadGuard};
use std::time::Instant;

use super::*;

/// Held for writing where the status of other tests' children might be lost.
static STATUSES: RwLock<()> = RwLock::new(());

fn statuses_are_kept() -> RwLockReadGuard<'static, ()> {
    STATUSES
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn run(capture: Capture<'_>, script: &str) -> Result<Output, ProcessError> {
    capture.output_unless(&mut sh(script), &|| false)
}

fn is_alive(pid: i32) -> bool {
    // SAFETY: signal 0 only asks whether the process is there.
    unsafe { libc::kill(pid, 0) == 0 }
}

#[test]
fn a_program_ends_with_its_own_status_and_outputs() {
    let _kept = statuses_are_kept();
    let output = run(Capture::new(), "echo out; echo err >&2; exit 3").unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(output.stdout, b"out\n");
    assert_eq!(output.stderr, b"err\n");
    let output = run(Capture::new(), "kill -9 $$").unwrap();
    assert_eq!(
        (output.status.code(), output.status.signal()),
        (None, Some(9))
    );
}

#[test]
fn input_and_outputs_larger_than_a_pipe_pass_at_the_same_time() {
    let _kept = statuses_are_kept();
    let input = vec![b'x'; 1_000_000];
    let output = run(Capture::new().input(&input), "tee /dev/stderr").unwrap();
    assert!(output.stdout == input && output.stderr == input);
    // Neither does a program that leaves its input unread hold anything up.
    let output = run(Capture::new().input(&input), "exit 0").unwrap();
    assert!(output.status.success());
}

#[test]
fn more_output_than_the_limit_kills() {
    let _kept = statuses_are_kept();
    let capture = Capture::new().limit_bytes(5);
    assert_eq!(run(capture, "printf 12345").unwrap().stdout, b"12345");
    let started = Instant::now();
    let error = run(capture, "printf 123456 >&2; sleep 60").unwrap_err();
    assert!(matches!(
        error,
        ProcessError::TooMuchOutput {
            stream: "standard error",
            limit_bytes: 5
        }
    ));
    assert!(started.elapsed().as_secs() < 50);
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let _kept = statuses_are_kept();
    let error = Capture::new()
        .output_unless(&mut Command::new("/no/such/program"), &|| false)
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("/no/such/program could not be started: "),
        "{text}"
    );
}

#[test]
fn the_end_of_the_caller_kills_and_reaps_all_that_was_started() {
    let _kept = statuses_are_kept();
    let dir = std::env::temp_dir().join(format!("cantilever process {}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let pids = || -> Vec<i32> {
        let text = std::fs::read_to_string(dir.join("pids")).unwrap_or_default();
        text.split_whitespace()
            .map(|pid| pid.parse().unwrap())
            .collect()
    };
    for (name, script) in [
        (
            "waiting for its outputs",
            "sleep 60 & echo $$ $! > new; mv new pids; wait",
        ),
        (
            "waiting for its end",
            "exec >&- 2>&-; sleep 60 & echo $$ $! > new; mv new pids; wait",
        ),
    ] {
        let seen = Cell::new(false);
        let cancelled = || {
            seen.set(seen.get() || pids().len() == 2);
            seen.get()
        };
        let result = Capture::new().output_unless(sh(script).current_dir(&dir), &cancelled);
        assert!(matches!(result, Err(ProcessError::Cancelled)), "{name}");
        let pids = pids();
        assert!(
            !is_alive(pids[0]),
            "{name}: the program is killed and reaped"
        );
        // The program's own child is init's to reap.
        let deadline = Instant::now() + Duration::from_secs(10);
        while is_alive(pids[1]) && !is_zombie(pids[1]) {
            assert!(
                Instant::now() < deadline,
                "{name}: what it started is killed"
            );
            std::thread::yield_now();
        }
        std::fs::remove_file(dir.join("pids")).unwrap();
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

fn is_zombie(pid: i32) -> bool {
    let listed = Command::new("ps")
        .args(["-o", "stat=", "-p", &pid.to_string()])
        .output();
    String::from_utf8_lossy(&listed.unwrap().stdout).starts_with('Z')
}

#[test]
fn a_status_is_kept_also_where_the_signal_is_ignored() {
    let _alone = STATUSES
        .write()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    // SAFETY: sets the action that the VM sets.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    assert_eq!(
        run(Capture::new(), "exit 7").unwrap().status.code(),
        Some(7)
    );
    // What it starts does not inherit that either.
    let output = run(Capture::new(), "grep SigIgn /proc/self/status || true").unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if let Some(mask) = text.split_whitespace().nth(1) {
        let ignored = u64::from_str_radix(mask, 16).unwrap();
        assert_eq!(ignored & 1 << (libc::SIGCHLD - 1), 0);
    }
}
