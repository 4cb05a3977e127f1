//! The program against a small server: what it measures, and that it tolerates nothing wrong.

#![allow(clippy::expect_used)]

mod support;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use support::Fault;

const CLIENTS: usize = 6;

/// Runs the program with six clients in two rooms.
fn run(fault: Fault, commands: &str) -> Output {
    let port = support::start(fault).to_string();
    let tokens = std::env::temp_dir().join(format!("websocket_client-{port}"));
    std::fs::write(&tokens, "token\n".repeat(CLIENTS)).expect("a file of tokens");
    let mut child = Command::new(env!("CARGO_BIN_EXE_websocket_client"))
        .args([&port, tokens.to_str().expect("a path"), "2", "3"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // It may be gone already, which its output then tells.
    let _written = child
        .stdin
        .take()
        .expect("its input")
        .write_all(commands.as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    std::fs::remove_file(tokens).expect("the file is there");
    output
}

fn figure(line: &str, key: &str) -> f64 {
    let key = format!("\"{key}\":");
    let from = line.find(&key).expect("the key is there") + key.len();
    let text: String = line[from..]
        .chars()
        .take_while(|c| !",}".contains(*c))
        .collect();
    text.parse().expect("a number")
}

#[test]
fn everything_is_counted() {
    let output = run(
        Fault::None,
        "hold 0.1\nfan-out closed 0.3 2\nfan-out open 0.5 120\nping closed 0.3\nping open 0.5 100\n",
    );
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines: Vec<String> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect();
    assert_eq!(lines.len(), 6, "{lines:?}");
    assert_eq!(figure(&lines[0], "connected"), CLIENTS as f64);
    assert!(figure(&lines[1], "heartbeats") >= 1.0, "{}", lines[1]);
    assert!(figure(&lines[2], "count") > 100.0, "{}", lines[2]);
    // 20 messages to three members each.
    assert_eq!(figure(&lines[3], "count"), 60.0, "{}", lines[3]);
    assert!(figure(&lines[4], "count") > 100.0, "{}", lines[4]);
    assert_eq!(figure(&lines[5], "count"), 50.0, "{}", lines[5]);
    for line in &lines[2..] {
        assert!(
            figure(line, "p50_us") > 0.0 && figure(line, "p50_us") <= figure(line, "max_us"),
            "{line}"
        );
    }
}

#[test]
fn whatever_is_wrong_ends_it() {
    for (fault, commands, message) in [
        (Fault::Doubles, "fan-out closed 1 1\n", "5 after 5"),
        (Fault::Loses, "fan-out closed 1 8\n", "6 after 4"),
        (Fault::Swaps, "fan-out closed 1 8\n", "6 after 4"),
        (Fault::EchoesWrong, "ping closed 1\n", "another answer"),
        (Fault::Refuses, "", "403 Forbidden"),
        (Fault::None, "nonsense\n", "no such command"),
    ] {
        let output = run(fault, commands);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{message}");
        assert!(stderr.contains(message), "{stderr} has no {message}");
    }
}
