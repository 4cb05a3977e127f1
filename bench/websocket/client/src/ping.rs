//! A client pushes something and gets an answer, of which nobody else learns.

use std::collections::VecDeque;

use crate::clock::{self, SECOND};
use crate::crowd::{Crowd, PATIENCE, Push, Watcher};
use crate::json;
use crate::outcome::Tally;
use crate::wire::Event;

/// The part of a closed loop's time that does not count.
const WARM_UP: f64 = 0.15;
/// Larger than any crowd, so that clients take turns in an order that has no pattern.
const STRIDE: usize = 1_000_003;

/// As fast as it goes: each client has one ping under way.
pub(crate) fn closed(crowd: &mut Crowd, seconds: f64) -> Result<String, String> {
    let begun = clock::now();
    let end = begun + clock::seconds(seconds);
    let mut watcher = Pings::new(
        crowd,
        Tally::new(begun + clock::seconds(seconds * WARM_UP)..end),
    );
    watcher.goes_on = true;
    for client in 0..crowd.len() {
        crowd.push(&watcher.next(client, clock::now()))?;
    }
    while clock::now() < end {
        crowd.turn(end, &mut watcher)?;
    }
    watcher.goes_on = false;
    watcher.finish(crowd)?;
    Ok(watcher.tally.json(begun))
}

/// At a given rate over all clients, whether or not earlier ones were answered.
pub(crate) fn open(crowd: &mut Crowd, seconds: f64, per_s: f64) -> Result<String, String> {
    let begun = clock::now();
    let end = begun + clock::seconds(seconds);
    let mut watcher = Pings::new(crowd, Tally::new(0..u64::MAX));
    for ping in 0.. {
        let meant = begun + (ping as f64 * SECOND as f64 / per_s) as u64;
        if meant >= end {
            break;
        }
        while clock::now() < meant {
            crowd.turn(meant, &mut watcher)?;
        }
        let push = watcher.next(ping * STRIDE % crowd.len(), meant);
        watcher.tally.sent(meant, clock::now());
        crowd.push(&push)?;
    }
    watcher.finish(crowd)?;
    Ok(watcher.tally.json(begun))
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
}

impl Watcher for Pings {
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
