//! What a measurement has found.

use std::ops::Range;

use crate::clock::{self, SECOND};
use crate::histogram::Histogram;

/// What is counted while a measurement goes on.
pub(crate) struct Tally {
    /// What comes in this time counts.
    window: Range<u64>,
    latencies: Histogram,
    /// How much later than they were meant to be things were sent.
    late: Histogram,
    busy: u64,
}

impl Tally {
    pub(crate) fn new(window: Range<u64>) -> Self {
        Self {
            window,
            latencies: Histogram::new(),
            late: Histogram::new(),
            busy: clock::busy(),
        }
    }

    /// Something has come that was meant to be sent at the moment `stamp`.
    pub(crate) fn came(&mut self, stamp: u64, now: u64) {
        if self.window.contains(&now) {
            self.latencies.add(now.saturating_sub(stamp));
        }
    }

    /// Something is sent that was meant to be sent at the moment `stamp`.
    pub(crate) fn sent(&mut self, stamp: u64, now: u64) {
        self.late.add(now.saturating_sub(stamp));
    }

    /// The figures of a measurement that took so long, as JSON.
    pub(crate) fn json(&self, begun: u64) -> String {
        let end = self.window.end.min(clock::now());
        let seconds = |from: u64| (end - from) as f64 / SECOND as f64;
        let taken = seconds(self.window.start.max(begun));
        let us = |ns: u64| ns as f64 / 1_000.0;
        let quantile = |share| us(self.latencies.quantile(share));
        format!(
            r#"{{"count":{},"seconds":{taken:.3},"per_s":{:.1},"p50_us":{:.1},"p99_us":{:.1},"p999_us":{:.1},"max_us":{:.1},"late_p99_us":{:.1},"client_cores":{:.3}}}"#,
            self.latencies.total(),
            self.latencies.total() as f64 / taken,
            quantile(0.5),
            quantile(0.99),
            quantile(0.999),
            us(self.latencies.max()),
            us(self.late.quantile(0.99)),
            (clock::busy() - self.busy) as f64 / (clock::now() - begun) as f64,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::field;

    #[test]
    fn only_what_comes_in_its_time_counts() {
        let now = clock::now();
        let begun = now - 4 * SECOND;
        let mut tally = Tally::new(now - 3 * SECOND..now - SECOND);
        for at in [
            now - 3 * SECOND - 1,
            now - 3 * SECOND,
            now - SECOND - 1,
            now - SECOND,
        ] {
            tally.came(at - 2_000, at);
        }
        tally.sent(now - 5_000, now);
        let json = tally.json(begun);
        for (key, value) in [
            ("count", "2"),
            ("seconds", "2.000"),
            ("per_s", "1.0"),
            ("p99_us", "2.0"),
            ("max_us", "2.0"),
            ("late_p99_us", "5.0"),
        ] {
            assert_eq!(
                field(json.as_bytes(), key),
                Some(value.as_bytes()),
                "{key} in {json}"
            );
        }
    }
}
