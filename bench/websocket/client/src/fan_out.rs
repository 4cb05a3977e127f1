//! One says something, and all members of its room get it.

use std::collections::VecDeque;

use crate::clock::{self, SECOND};
use crate::crowd::{Crowd, PATIENCE, Push, Watcher};
use crate::load::{self, Load};
use crate::member::Delivery;
use crate::outcome::Tally;
use crate::wire::Event;

/// Larger than any room, so that a room's members take turns in an order that has no pattern.
const STRIDE: usize = 1_000_003;

/// As fast as it goes: in each room the next message is sent as soon as all members have one, with so many under way.
pub(crate) fn closed(crowd: &mut Crowd, seconds: f64, under_way: usize) -> Result<String, String> {
    let rooms = crowd.rooms();
    let firsts = (0..under_way).flat_map(|_| 0..rooms);
    load::closed(crowd, seconds, firsts, FanOut::new)
}

/// At a given rate of deliveries, whether or not earlier ones have come.
pub(crate) fn open(crowd: &mut Crowd, seconds: f64, per_s: f64) -> Result<String, String> {
    let every = SECOND as f64 / (per_s * crowd.rooms() as f64 / crowd.len() as f64);
    let room = |crowd: &Crowd, message| message % crowd.rooms();
    load::open(crowd, seconds, every, room, FanOut::new)
}

struct FanOut {
    rooms: Vec<Room>,
    tally: Tally,
    /// Whether what has reached all is followed by another one.
    goes_on: bool,
    pushed: u64,
    acknowledged: u64,
    complete: u64,
}

struct Room {
    members: usize,
    /// How many messages its members have sent.
    sent: usize,
    /// The messages that have reached some but not yet all, without a gap.
    under_way: VecDeque<UnderWay>,
}

struct UnderWay {
    seq: u64,
    missing: usize,
}

impl FanOut {
    fn new(crowd: &Crowd, tally: Tally) -> Self {
        let room = |room| Room {
            members: crowd.members(room),
            sent: 0,
            under_way: VecDeque::new(),
        };
        Self {
            rooms: (0..crowd.rooms()).map(room).collect(),
            tally,
            goes_on: false,
            pushed: 0,
            acknowledged: 0,
            complete: 0,
        }
    }
}

impl Load for FanOut {
    /// The next message to a room, whose members take turns.
    fn next(&mut self, number: usize, stamp: u64) -> Push {
        let rooms = self.rooms.len();
        let room = &mut self.rooms[number];
        let member = room.sent * STRIDE % room.members;
        room.sent += 1;
        self.pushed += 1;
        Push {
            from: number + rooms * member,
            event: Event::Message,
            stamp,
        }
    }

    fn finish(&mut self, crowd: &mut Crowd) -> Result<(), String> {
        let patience = clock::now() + PATIENCE;
        crowd
            .turn_until(patience, self, |_, all| {
                all.complete == all.pushed && all.acknowledged == all.pushed
            })
            .map_err(|error| {
                format!(
                    "{error}: of {} messages {} were acknowledged and {} came to all",
                    self.pushed, self.acknowledged, self.complete
                )
            })
    }

    fn go_on(&mut self, goes_on: bool) {
        self.goes_on = goes_on;
    }

    fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }
}

impl Watcher for FanOut {
    fn gathers(&self) -> bool {
        true
    }

    fn reply(
        &mut self,
        _to: usize,
        _response: &[u8],
        _now: u64,
        _pushes: &mut Vec<Push>,
    ) -> Result<(), String> {
        self.acknowledged += 1;
        Ok(())
    }

    fn delivery(
        &mut self,
        to: usize,
        delivery: Delivery,
        now: u64,
        pushes: &mut Vec<Push>,
    ) -> Result<(), String> {
        self.tally.came(delivery.stamp, now);
        let number = to % self.rooms.len();
        let room = &mut self.rooms[number];
        let mut completed = 0;
        room.came(delivery.seq, &mut completed)?;
        self.complete += completed;
        if self.goes_on {
            for _ in 0..completed {
                let push = self.next(number, now);
                pushes.push(push);
            }
        }
        Ok(())
    }
}

impl Room {
    /// A member has got the message with this number, which may complete messages.
    fn came(&mut self, seq: u64, completed: &mut u64) -> Result<(), String> {
        let first = self.under_way.front().map_or(seq, |message| message.seq);
        let index = seq
            .checked_sub(first)
            .ok_or("a message that all have got already")? as usize;
        if index == self.under_way.len() {
            self.under_way.push_back(UnderWay {
                seq,
                missing: self.members,
            });
        }
        let message = self
            .under_way
            .get_mut(index)
            .ok_or("a message before the one before it")?;
        message.missing = message
            .missing
            .checked_sub(1)
            .ok_or("more got a message than there are")?;
        while self
            .under_way
            .front()
            .is_some_and(|message| message.missing == 0)
        {
            self.under_way.pop_front();
            *completed += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(members: usize) -> Room {
        Room {
            members,
            sent: 0,
            under_way: VecDeque::new(),
        }
    }

    #[test]
    fn a_message_is_complete_when_all_members_have_it() {
        let mut room = room(2);
        let mut completed = 0;
        for (seq, expected) in [
            (5, 0),
            (6, 0),
            (7, 0),
            (5, 1),
            (6, 2),
            (7, 3),
            (8, 3),
            (8, 4),
        ] {
            assert_eq!(room.came(seq, &mut completed), Ok(()));
            assert_eq!(completed, expected);
        }
    }

    #[test]
    fn what_cannot_be_is_an_error() {
        let mut completed = 0;
        let mut room = room(2);
        assert_eq!(room.came(5, &mut completed), Ok(()));
        assert!(room.came(4, &mut completed).is_err());
        assert!(room.came(7, &mut completed).is_err());
    }
}
