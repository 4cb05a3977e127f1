//! `websocket_client PORT TOKENS ROOMS AT_ONCE`: connects a client for each line of the file TOKENS to the chat's socket on this
//! port of 127.0.0.1, so many at a time, joins them to so many rooms, and then carries out what it reads from standard input:
//!
//! * `hold SECONDS`: nothing but heartbeats
//! * `fan-out closed SECONDS UNDER_WAY`, `fan-out open SECONDS DELIVERIES_PER_S`
//! * `ping closed SECONDS`, `ping open SECONDS PINGS_PER_S`
//! * `quit`, as the end of the input
//!
//! Each but the last prints one line of JSON. Whatever is lost, doubled, out of order, refused or closed ends the program with an error, so
//! that no server looks quick that is wrong.
//!
//! It needs Linux: epoll, and an address of 127.0.0.0/8 for every few connections.

#![forbid(unsafe_code)]

mod clock;
mod commands;
mod connection;
mod crowd;
mod fan_out;
mod frame;
mod handshake;
mod heartbeats;
mod histogram;
mod json;
mod load;
mod member;
mod outcome;
mod ping;
mod wire;

use std::io::Write;
use std::num::NonZeroU64;
use std::process::ExitCode;

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::clock::SECOND;
use crate::crowd::Crowd;

const USAGE: &str = "usage: websocket_client PORT TOKENS ROOMS AT_ONCE";
/// Besides the connections.
const OTHER_FILES: u64 = 16;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("websocket_client: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, tokens, rooms, at_once] = &arguments[..] else {
        return Err(USAGE.into());
    };
    let file = std::fs::read_to_string(tokens).map_err(|error| format!("{tokens}: {error}"))?;
    let tokens: Vec<&str> = file.lines().collect();
    let rooms = number::<usize>(rooms)?;
    if rooms == 0 || rooms > tokens.len() {
        return Err(format!("{rooms} rooms for {} clients", tokens.len()));
    }
    allow_files(tokens.len() as u64 + OTHER_FILES)?;
    // A timer may be 50 µs late otherwise.
    rustix::thread::set_current_timer_slack(NonZeroU64::new(1))
        .map_err(|error| error.to_string())?;

    let begun = clock::now();
    let mut crowd = Crowd::connect(number(port)?, &tokens, rooms, number(at_once)?)?;
    let seconds = (clock::now() - begun) as f64 / SECOND as f64;
    say(&format!(
        r#"{{"connected":{},"seconds":{seconds:.3},"per_s":{:.1}}}"#,
        tokens.len(),
        tokens.len() as f64 / seconds
    ))?;
    while let Some(command) = crowd.command()?.filter(|command| command != "quit") {
        let answer =
            carry_out(&mut crowd, &command).map_err(|error| format!("{command}: {error}"))?;
        say(&answer)?;
    }
    Ok(())
}

fn carry_out(crowd: &mut Crowd, command: &str) -> Result<String, String> {
    match command.split(' ').collect::<Vec<_>>()[..] {
        ["hold", seconds] => {
            let end = clock::now() + clock::seconds(number(seconds)?);
            Ok(format!(r#"{{"heartbeats":{}}}"#, crowd.hold(end)?))
        }
        ["fan-out", "closed", seconds, under_way] => {
            fan_out::closed(crowd, number(seconds)?, number(under_way)?)
        }
        ["fan-out", "open", seconds, per_s] => {
            fan_out::open(crowd, number(seconds)?, number(per_s)?)
        }
        ["ping", "closed", seconds] => ping::closed(crowd, number(seconds)?),
        ["ping", "open", seconds, per_s] => ping::open(crowd, number(seconds)?, number(per_s)?),
        _ => Err("no such command".into()),
    }
}

/// Lets this program have so many files open, if the system lets it.
fn allow_files(wanted: u64) -> Result<(), String> {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.maximum.is_some_and(|maximum| maximum < wanted) {
        return Err(format!(
            "{wanted} open files are needed, and the hard limit is {:?}",
            limit.maximum
        ));
    }
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).map_err(|error| error.to_string())
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{text} is not a number\n{USAGE}"))
}

fn say(line: &str) -> Result<(), String> {
    writeln!(std::io::stdout().lock(), "{line}").map_err(|error| error.to_string())
}
