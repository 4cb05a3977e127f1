//! How often something took how long, to within one percent.

/// Each power of two has so many bins.
const BINS: usize = 128;
const BIN_BITS: u32 = BINS.trailing_zeros();

/// Counts of nanoseconds.
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self {
            counts: vec![0; bin(u64::MAX) + 1],
            total: 0,
            max: 0,
        }
    }

    pub(crate) fn add(&mut self, ns: u64) {
        self.counts[bin(ns)] += 1;
        self.total += 1;
        self.max = self.max.max(ns);
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// The least that is not exceeded by `share` of all, rounded up within its bin; 0 where there is nothing.
    pub(crate) fn quantile(&self, share: f64) -> u64 {
        let rank = ((share * self.total as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (bin, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return last_in(bin).min(self.max);
            }
        }
        self.max
    }
}

/// Small numbers have a bin each; of larger ones the leading bits decide.
fn bin(ns: u64) -> usize {
    let Some(shift) = ns.checked_ilog2().and_then(|log| log.checked_sub(BIN_BITS)) else {
        return ns as usize;
    };
    (shift as usize + 1) * BINS + (ns >> shift) as usize - BINS
}

fn last_in(bin: usize) -> u64 {
    if bin < BINS {
        return bin as u64;
    }
    let shift = bin / BINS - 1;
    let first = ((bin % BINS + BINS) as u64) << shift;
    first + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_a_bin_that_ends_at_most_one_percent_above_it() {
        let mut last = 0;
        for shift in 0..64 {
            for ns in [
                1u64 << shift,
                (1u64 << shift) + (1u64 << shift) / 3,
                u64::MAX >> (63 - shift),
            ] {
                let end = last_in(bin(ns));
                assert!(
                    end >= ns && end - ns <= ns / 100,
                    "{ns} is in a bin that ends at {end}"
                );
                assert!(bin(ns) >= last, "bins are in order");
                last = bin(ns);
            }
        }
        assert_eq!(last_in(bin(u64::MAX)), u64::MAX);
    }

    #[test]
    fn neighbouring_bins_meet() {
        for number in 0..bin(u64::MAX) {
            assert_eq!(bin(last_in(number)), number);
            assert_eq!(bin(last_in(number) + 1), number + 1);
        }
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_numbers() {
        let mut histogram = Histogram::new();
        for ns in (1..=100_000u64).rev() {
            histogram.add(ns * 1_000);
        }
        assert_eq!(histogram.total(), 100_000);
        assert_eq!(histogram.max(), 100_000_000);
        for (share, exact) in [
            (0.0, 1_000),
            (0.5, 50_000_000),
            (0.99, 99_000_000),
            (0.999, 99_900_000),
            (1.0, 100_000_000),
        ] {
            let quantile = histogram.quantile(share);
            assert!(
                quantile >= exact && quantile <= exact + exact / 100,
                "{share}: {quantile}"
            );
        }
    }

    #[test]
    fn nothing_has_the_quantile_0() {
        assert_eq!(Histogram::new().quantile(0.99), 0);
    }
}
