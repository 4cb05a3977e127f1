//! When which client says that it is still there.

use crate::clock::{self, SECOND};

const PERIOD: u64 = 30 * SECOND;

/// Every client has its turn once in each period, at a moment of its own.
pub(crate) struct Heartbeats {
    clients: u64,
    begun: u64,
    sent: u64,
    answered: u64,
    paused: bool,
}

impl Heartbeats {
    pub(crate) fn none() -> Self {
        Self::of(0)
    }

    pub(crate) fn of(clients: usize) -> Self {
        Self {
            clients: clients as u64,
            begun: clock::now(),
            sent: 0,
            answered: 0,
            paused: false,
        }
    }

    /// When the next one is due.
    pub(crate) fn next_at(&self) -> u64 {
        if self.paused || self.clients == 0 {
            return u64::MAX;
        }
        let (periods, turn) = (self.sent / self.clients, self.sent % self.clients);
        self.begun + periods * PERIOD + turn * PERIOD / self.clients
    }

    /// Whose turn it is, if it is anybody's; it is then taken to have been sent.
    pub(crate) fn due(&mut self, now: u64) -> Option<usize> {
        if self.next_at() > now {
            return None;
        }
        self.sent += 1;
        Some(((self.sent - 1) % self.clients) as usize)
    }

    pub(crate) fn answer(&mut self) -> Result<(), String> {
        self.answered += 1;
        if self.answered <= self.sent {
            Ok(())
        } else {
            Err("a heartbeat was answered that nobody sent".into())
        }
    }

    pub(crate) fn answered(&self) -> u64 {
        self.answered
    }

    pub(crate) fn all_answered(&self) -> bool {
        self.answered == self.sent
    }

    pub(crate) fn pause(&mut self) {
        self.paused = true;
    }

    pub(crate) fn go_on(&mut self) {
        self.paused = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_its_turn_once_in_each_period() {
        let mut heartbeats = Heartbeats::of(3);
        let begun = heartbeats.begun;
        let mut turns = Vec::new();
        while turns.len() < 6 {
            let at = heartbeats.next_at();
            assert_eq!(heartbeats.due(at - 1), None);
            turns.push((heartbeats.due(at), (at - begun) / SECOND));
        }
        let expected = [(0, 0), (1, 10), (2, 20), (0, 30), (1, 40), (2, 50)];
        assert_eq!(
            turns,
            expected.map(|(client, second)| (Some(client), second))
        );
    }

    #[test]
    fn nobody_has_a_turn_where_there_is_nobody_or_in_a_pause() {
        assert_eq!(Heartbeats::none().due(u64::MAX - 1), None);
        let mut heartbeats = Heartbeats::of(1);
        heartbeats.pause();
        assert_eq!(heartbeats.due(u64::MAX - 1), None);
        heartbeats.go_on();
        assert!(heartbeats.due(u64::MAX - 1).is_some());
    }

    #[test]
    fn no_more_are_answered_than_were_sent() {
        let mut heartbeats = Heartbeats::of(1);
        assert!(heartbeats.all_answered());
        let _due = heartbeats.due(clock::now());
        assert!(!heartbeats.all_answered());
        assert_eq!(heartbeats.answer(), Ok(()));
        assert!(heartbeats.all_answered());
        assert!(heartbeats.answer().is_err());
    }
}
