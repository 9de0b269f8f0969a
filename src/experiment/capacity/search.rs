use crate::measure::{Ended, Purpose};

/// The rate found is within this factor of one that failed.
pub const TOLERANCE: f64 = 1.05;
/// A search gives up below this share of the rate that it starts from.
pub const FLOOR: f64 = 0.01;
/// Most trials of one search, repeated ones included.
pub const MOST_TRIALS: u32 = 40;

/// What a trial says about its rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The schedule was kept, and every expectation held.
    Held,
    /// The schedule was not kept, or an expectation did not hold.
    Missed,
    /// Too few operations for a metric that is expected.
    NotTold,
    /// Not a measurement, for reasons that have nothing to do with the rate.
    Unfit,
    Interrupted,
}

/// Searches the highest rate that holds: doubles or halves from `start` until the answer changes, bisects on a
/// logarithmic scale, and confirms what it found by `confirmations` full-length trials that must all hold.
///
/// A miss counts once a second trial has missed too, so that a hiccup of the machine does not cut the range; a
/// rate that held by luck is found out by the confirmation, which then steps down, by more each time.
///
/// # Errors
/// Those of `trial`.
pub fn search<E>(
    start: f64,
    confirmations: u32,
    trial: &mut dyn FnMut(f64, Purpose) -> Result<Answer, E>,
) -> Result<(Ended, Option<f64>), E> {
    let mut search = Search { trial, left: MOST_TRIALS, held: None };
    let ended = match search.run(start, confirmations) {
        Ok(rate) => return Ok((Ended::Found, Some(rate))),
        Err(Halt::Ended(ended)) => ended,
        Err(Halt::Failed(error)) => return Err(error),
    };
    Ok((ended, None))
}

/// Why a search ends without a rate.
enum Halt<E> {
    Ended(Ended),
    Failed(E),
}

struct Search<'a, E> {
    trial: &'a mut dyn FnMut(f64, Purpose) -> Result<Answer, E>,
    left: u32,
    /// The highest rate so far that held in a trial.
    held: Option<f64>,
}

/// Where the rate lies: it does at `low`, or is not told there, and does not at `high`.
struct Bracket {
    low: f64,
    high: f64,
}

impl<E> Search<'_, E> {
    fn run(&mut self, start: f64, confirmations: u32) -> Result<f64, Halt<E>> {
        let bracket = match self.ask(start)? {
            Answer::Missed => self.halve(start)?,
            _ => self.double(start)?,
        };
        self.bisect(bracket)?;
        let found = self.held.ok_or(Halt::Ended(Ended::NotTold))?;
        self.confirm(found, start * FLOOR, confirmations)
    }

    /// One trial; never an answer other than held, missed and not told.
    fn once(&mut self, rate: f64, purpose: Purpose) -> Result<Answer, Halt<E>> {
        self.left = self.left.checked_sub(1).ok_or(Halt::Ended(Ended::OutOfTrials))?;
        match (self.trial)(rate, purpose).map_err(Halt::Failed)? {
            Answer::Interrupted => Err(Halt::Ended(Ended::Interrupted)),
            Answer::Unfit => Ok(Answer::Missed),
            answer => Ok(answer),
        }
    }

    /// One short trial, or two where the first misses.
    fn ask(&mut self, rate: f64) -> Result<Answer, Halt<E>> {
        let answer = match self.once(rate, Purpose::Search)? {
            Answer::Missed => self.once(rate, Purpose::Search)?,
            answer => answer,
        };
        if answer == Answer::Held {
            self.held = Some(self.held.unwrap_or(rate).max(rate));
        }
        Ok(answer)
    }

    fn double(&mut self, start: f64) -> Result<Bracket, Halt<E>> {
        let mut low = start;
        loop {
            let high = low * 2.0;
            match self.ask(high)? {
                Answer::Missed => return Ok(Bracket { low, high }),
                _ => low = high,
            }
        }
    }

    fn halve(&mut self, start: f64) -> Result<Bracket, Halt<E>> {
        let (floor, mut high) = (start * FLOOR, start);
        while high > floor {
            let low = (high / 2.0).max(floor);
            match self.ask(low)? {
                Answer::Held => return Ok(Bracket { low, high }),
                // Lower rates tell even less.
                Answer::NotTold => return Err(Halt::Ended(Ended::NotTold)),
                _ => high = low,
            }
        }
        Err(Halt::Ended(Ended::NoRate))
    }

    fn bisect(&mut self, Bracket { mut low, mut high }: Bracket) -> Result<(), Halt<E>> {
        while high / low > TOLERANCE {
            let middle = (low * high).sqrt();
            match self.ask(middle)? {
                Answer::Missed => high = middle,
                _ => low = middle,
            }
        }
        Ok(())
    }

    fn confirm(&mut self, found: f64, floor: f64, confirmations: u32) -> Result<f64, Halt<E>> {
        let (mut rate, mut step) = (found, TOLERANCE);
        while rate >= floor {
            let mut left = confirmations;
            while left > 0 && self.once(rate, Purpose::Confirmation)? == Answer::Held {
                left -= 1;
            }
            if left == 0 {
                return Ok(rate);
            }
            rate /= step;
            step *= step;
        }
        Err(Halt::Ended(Ended::NoRate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::{Random, Stream};

    /// A search on a system; how it ended, what it found, and how many trials that took.
    fn found(start: f64, mut system: impl FnMut(f64, u32) -> Answer) -> (Ended, Option<f64>, u32) {
        let mut trials = 0;
        let mut trial = |rate: f64, _| {
            trials += 1;
            Ok::<_, ()>(system(rate, trials))
        };
        let (ended, rate) = search(start, 2, &mut trial).unwrap();
        (ended, rate, trials)
    }

    fn capacity(limit: f64) -> impl Fn(f64, u32) -> Answer {
        move |rate, _| if rate <= limit { Answer::Held } else { Answer::Missed }
    }

    #[test]
    fn the_capacity_of_a_perfect_system_is_found_to_within_the_tolerance() {
        for start in [3.0, 100.0, 399.0, 400.0, 401.0, 5_000.0] {
            let (ended, rate, trials) = found(start, capacity(400.0));
            let rate = rate.unwrap();
            assert_eq!(ended, Ended::Found);
            assert!(rate <= 400.0 && rate > 400.0 / TOLERANCE, "from {start}: {rate}");
            assert!(trials <= 30, "from {start}: {trials} trials");
        }
    }

    #[test]
    fn a_system_that_never_holds_has_no_rate() {
        let (ended, rate, trials) = found(1_000.0, |_, _| Answer::Missed);
        assert_eq!((ended, rate), (Ended::NoRate, None));
        // 1000, 500, … 15.6, and 10: eight rates, each twice.
        assert_eq!(trials, 16);
        assert_eq!(found(1_000.0, capacity(9.0)).0, Ended::NoRate);
        assert_eq!(found(1_000.0, capacity(11.0)).0, Ended::Found);
    }

    #[test]
    fn a_system_that_always_holds_ends_the_search_all_the_same() {
        assert_eq!(found(10.0, |_, _| Answer::Held), (Ended::OutOfTrials, None, MOST_TRIALS));
    }

    #[test]
    fn a_miss_by_chance_does_not_cut_the_range() {
        // Every third trial misses whatever its rate; none does so twice in a row.
        let hiccups = |rate: f64, trial: u32| match trial % 3 {
            0 => Answer::Missed,
            _ => capacity(400.0)(rate, trial),
        };
        let (ended, rate, _) = found(10.0, hiccups);
        assert_eq!(ended, Ended::Found);
        // A confirmation may meet a hiccup too, and then steps down.
        assert!(rate.unwrap() > 400.0 / TOLERANCE.powi(4), "{rate:?}");
    }

    #[test]
    fn a_rate_that_held_by_luck_is_not_confirmed() {
        let lucky = |rate: f64, trial: u32| match trial {
            1..12 if rate <= 500.0 => Answer::Held,
            _ => capacity(400.0)(rate, trial),
        };
        let (ended, rate, _) = found(10.0, lucky);
        assert_eq!(ended, Ended::Found);
        assert!(rate.unwrap() <= 400.0, "{rate:?}");
    }

    #[test]
    fn noise_moves_what_is_found_by_little() {
        // The latency at a share u of the capacity is 1 / (1 - u), as in M/M/1, read with an error of 10 %; at most
        // 5 is expected, which is u = 0.8. An error of 10 % there is one of 2.2 % in u.
        for seed in 0..200 {
            let mut random = Random::new(seed, Stream::Operation, 0);
            let noisy = |rate: f64, _| {
                let error = 0.9 + 0.2 * random.unit();
                let latency = if rate < 1_000.0 { error / (1.0 - rate / 1_000.0) } else { f64::INFINITY };
                if latency < 5.0 { Answer::Held } else { Answer::Missed }
            };
            let (ended, rate, _) = found(10.0, noisy);
            let rate = rate.unwrap();
            assert_eq!(ended, Ended::Found);
            assert!((680.0..830.0).contains(&rate), "seed {seed}: {rate}");
        }
    }

    #[test]
    fn rates_too_low_to_tell_are_passed_on_the_way_up() {
        let few = |rate: f64, _| match rate {
            rate if rate < 100.0 => Answer::NotTold,
            rate => capacity(400.0)(rate, 0),
        };
        let (ended, rate, _) = found(10.0, few);
        assert_eq!(ended, Ended::Found);
        assert!(rate.unwrap() > 400.0 / TOLERANCE);
        let nothing = |rate: f64, _| if rate < 100.0 { Answer::NotTold } else { Answer::Missed };
        assert_eq!(found(10.0, nothing).0, Ended::NotTold);
    }

    #[test]
    fn an_interrupt_ends_the_search() {
        let (ended, rate, trials) =
            found(10.0, |_, trial| if trial == 5 { Answer::Interrupted } else { Answer::Held });
        assert_eq!((ended, rate, trials), (Ended::Interrupted, None, 5));
    }
}
