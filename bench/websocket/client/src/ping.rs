//! A client pushes something and gets an answer, of which nobody else learns.

use std::collections::VecDeque;

use crate::clock::{self, SECOND};
use crate::crowd::{Crowd, PATIENCE, Push, Watcher};
use crate::json;
use crate::load::{self, Load};
use crate::member::Delivery;
use crate::outcome::Tally;
use crate::wire::Event;

/// Larger than any crowd, so that clients take turns in an order that has no pattern.
const STRIDE: usize = 1_000_003;

/// As fast as it goes: each client has one ping under way.
pub(crate) fn closed(crowd: &mut Crowd, seconds: f64) -> Result<String, String> {
    let clients = 0..crowd.len();
    load::closed(crowd, seconds, clients, Pings::new)
}

/// At a given rate over all clients, whether or not earlier ones were answered.
pub(crate) fn open(crowd: &mut Crowd, seconds: f64, per_s: f64) -> Result<String, String> {
    let client = |crowd: &Crowd, ping: usize| ping * STRIDE % crowd.len();
    load::open(crowd, seconds, SECOND as f64 / per_s, client, Pings::new)
}

struct Pings {
    /// The stamps of what each client has asked and was not answered yet.
    asked: Vec<VecDeque<u64>>,
    unanswered: usize,
    tally: Tally,
    /// Whether an answer is followed by another ping.
    goes_on: bool,
}

impl Pings {
    fn new(crowd: &Crowd, tally: Tally) -> Self {
        Self {
            asked: vec![VecDeque::new(); crowd.len()],
            unanswered: 0,
            tally,
            goes_on: false,
        }
    }
}

impl Load for Pings {
    fn next(&mut self, from: usize, stamp: u64) -> Push {
        self.asked[from].push_back(stamp);
        self.unanswered += 1;
        Push {
            from,
            event: Event::Ping,
            stamp,
        }
    }

    fn finish(&mut self, crowd: &mut Crowd) -> Result<(), String> {
        let patience = clock::now() + PATIENCE;
        crowd
            .turn_until(patience, self, |_, all| all.unanswered == 0)
            .map_err(|error| format!("{error}: {} pings are not answered", self.unanswered))
    }

    fn go_on(&mut self, goes_on: bool) {
        self.goes_on = goes_on;
    }

    fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }
}

impl Watcher for Pings {
    /// Somebody else speaks in the room meanwhile.
    fn delivery(
        &mut self,
        _to: usize,
        _delivery: Delivery,
        _now: u64,
        _pushes: &mut Vec<Push>,
    ) -> Result<(), String> {
        Ok(())
    }

    fn reply(
        &mut self,
        to: usize,
        response: &[u8],
        now: u64,
        pushes: &mut Vec<Push>,
    ) -> Result<(), String> {
        let stamp = json::field(response, "at").and_then(json::integer);
        if stamp.is_none() || stamp != self.asked[to].pop_front() {
            return Err("another answer than what was asked".into());
        }
        self.unanswered -= 1;
        self.tally.came(stamp.unwrap_or(now), now);
        if self.goes_on {
            let push = self.next(to, now);
            pushes.push(push);
        }
        Ok(())
    }
}
