//! How the clients are kept busy: as fast as it goes, or at a given rate.

use crate::clock;
use crate::crowd::{Crowd, Push, Watcher};
use crate::outcome::Tally;

/// The part of a closed loop's time that does not count.
const WARM_UP: f64 = 0.15;

/// What is pushed, and what has become of it.
pub(crate) trait Load: Watcher {
    /// The next push: `number` says of which client, or in which room.
    fn next(&mut self, number: usize, stamp: u64) -> Push;

    /// Whether what has come is followed by another push.
    fn go_on(&mut self, goes_on: bool);

    fn tally(&mut self) -> &mut Tally;

    /// Waits until all has come.
    fn finish(&mut self, crowd: &mut Crowd) -> Result<(), String>;
}

/// As fast as it goes: the next push is made as soon as one has come, after the first ones.
pub(crate) fn closed<L: Load>(
    crowd: &mut Crowd,
    seconds: f64,
    firsts: impl Iterator<Item = usize>,
    load: impl FnOnce(&Crowd, Tally) -> L,
) -> Result<String, String> {
    let begun = clock::now();
    let end = begun + clock::seconds(seconds);
    let counted = begun + clock::seconds(seconds * WARM_UP)..end;
    let mut load = load(crowd, Tally::new(counted));
    load.go_on(true);
    for number in firsts {
        crowd.push(&load.next(number, clock::now()))?;
    }
    while clock::now() < end {
        crowd.turn(end, &mut load)?;
    }
    load.go_on(false);
    load.finish(crowd)?;
    Ok(load.tally().json(begun))
}

/// A push each `every` nanoseconds, whether or not earlier ones have come.
pub(crate) fn open<L: Load>(
    crowd: &mut Crowd,
    seconds: f64,
    every: f64,
    number: impl Fn(&Crowd, usize) -> usize,
    load: impl FnOnce(&Crowd, Tally) -> L,
) -> Result<String, String> {
    let begun = clock::now();
    let end = begun + clock::seconds(seconds);
    let mut load = load(crowd, Tally::new(0..u64::MAX));
    for count in 0.. {
        let meant = begun + (every * count as f64) as u64;
        if meant >= end {
            break;
        }
        while clock::now() < meant {
            crowd.turn(meant, &mut load)?;
        }
        let push = load.next(number(crowd, count), meant);
        load.tally().sent(meant, clock::now());
        crowd.push(&push)?;
    }
    load.finish(crowd)?;
    Ok(load.tally().json(begun))
}
