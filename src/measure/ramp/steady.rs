use super::bins::{Bin, RAMP_BIN};

/// Two halves that differ by less than this are alike, however many reads there were.
const ALIKE: f64 = 0.005;
/// So many standard errors are no chance any more.
const ERRORS: f64 = 3.0;

/// What a cache comes to once nothing changes any more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steady {
    pub hit_rate: f64,
    pub loads_per_read: f64,
    pub loads_per_s: f64,
    /// Whether its two halves are alike, but for chance.
    pub is_steady: bool,
}

impl Steady {
    /// What these bins come to together; nothing where they have no hit.
    pub fn of(bins: &[Bin]) -> Option<Steady> {
        let all = Bin::sum(bins);
        let hit_rate = all.hit_rate().filter(|rate| *rate > 0.0)?;
        let (first, second) = bins.split_at(bins.len() / 2);
        Some(Steady {
            hit_rate,
            loads_per_read: all.loads as f64 / all.reads as f64,
            loads_per_s: all.loads as f64 / (bins.len() as f64 * RAMP_BIN.as_secs_f64()),
            is_steady: are_alike(Bin::sum(first), Bin::sum(second), hit_rate),
        })
    }

    /// That of the last third.
    pub fn at_the_end(bins: &[Bin]) -> Option<Steady> {
        Steady::of(&bins[last_third(bins)..])
    }
}

/// Where the last third begins.
pub fn last_third(bins: &[Bin]) -> usize {
    bins.len() - bins.len() / 3
}

/// Whether two hit rates differ by no more than three standard errors of chance, or by half a percentage point.
fn are_alike(one: Bin, other: Bin, hit_rate: f64) -> bool {
    let (Some(first), Some(second)) = (one.hit_rate(), other.hit_rate()) else { return false };
    let per_read = 1.0 / one.reads as f64 + 1.0 / other.reads as f64;
    let chance = (hit_rate * (1.0 - hit_rate) * per_read).sqrt();
    (first - second).abs() <= (ERRORS * chance).max(ALIKE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bins(rates: &[(usize, u64)]) -> Vec<Bin> {
        let bin = |hits| Bin { reads: 1_000, hits, loads: 1_000 - hits, ..Bin::default() };
        rates.iter().flat_map(|&(count, hits)| vec![bin(hits); count]).collect()
    }

    #[test]
    fn the_last_third_is_the_steady_state() {
        let steady = Steady::at_the_end(&bins(&[(10, 0), (10, 500), (10, 900)])).unwrap();
        assert_eq!((steady.hit_rate, steady.loads_per_s, steady.is_steady), (0.9, 1_000.0, true));
        assert!((steady.loads_per_read - 0.1).abs() < 1e-12);
    }

    #[test]
    fn a_hit_rate_that_still_grows_is_not_steady_and_one_that_wavers_by_chance_is() {
        // The standard error of the difference of two halves of 5,000 reads is 0.6 points.
        for (second, is_steady) in [(915, true), (925, false)] {
            let steady = Steady::at_the_end(&bins(&[(20, 0), (5, 900), (5, second)])).unwrap();
            assert_eq!(steady.is_steady, is_steady, "{second}");
        }
    }

    #[test]
    fn without_a_hit_there_is_no_steady_state() {
        assert_eq!(Steady::at_the_end(&bins(&[(9, 0)])), None);
        assert_eq!(Steady::at_the_end(&[]), None);
    }
}
