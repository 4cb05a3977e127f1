//! Lines on standard input, read as they come.

use std::collections::VecDeque;
use std::io::{Stdin, stdin};

/// The commands that are there and not yet carried out.
pub(crate) struct Commands {
    stdin: Stdin,
    partial: String,
    lines: VecDeque<String>,
    ended: bool,
}

impl Commands {
    pub(crate) fn new() -> Self {
        Self {
            stdin: stdin(),
            partial: String::new(),
            lines: VecDeque::new(),
            ended: false,
        }
    }

    /// What tells that there is something to read.
    pub(crate) fn source(&self) -> &Stdin {
        &self.stdin
    }

    /// Reads what is there: the caller knows that it is something, or the end.
    pub(crate) fn read(&mut self) -> Result<(), String> {
        let mut bytes = [0; 4 << 10];
        // Not through the standard library, which would keep more than is asked for.
        match rustix::io::read(&self.stdin, &mut bytes[..]) {
            Ok(0) => self.ended = true,
            Ok(count) => self.take(&String::from_utf8_lossy(&bytes[..count])),
            Err(error) => return Err(format!("standard input: {error}")),
        }
        Ok(())
    }

    fn take(&mut self, text: &str) {
        self.partial.push_str(text);
        while let Some((line, rest)) = self.partial.split_once('\n') {
            self.lines.push_back(line.to_owned());
            self.partial = rest.to_owned();
        }
    }

    /// Whether there is a command, or the end.
    pub(crate) fn ready(&self) -> bool {
        self.ended || !self.lines.is_empty()
    }

    /// The next command, if there is one.
    pub(crate) fn next(&mut self) -> Option<String> {
        self.lines.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_lines_wherever_they_are_cut() {
        let mut commands = Commands::new();
        commands.take("ho");
        assert!(!commands.ready());
        commands.take("ld 1\nfan-out");
        assert_eq!(commands.next().as_deref(), Some("hold 1"));
        assert!(!commands.ready());
        commands.take(" closed 1 2\n\n");
        assert_eq!(commands.next().as_deref(), Some("fan-out closed 1 2"));
        assert_eq!(commands.next().as_deref(), Some(""));
    }
}
