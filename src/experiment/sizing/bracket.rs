use crate::measure::{Sizing, SizingStep};

/// As many limits in a row that held too few, or too many, and the other end of the bracket is doubted.
const MOST_ON_ONE_SIDE: i32 = 3;

/// The search for the limit that holds so many entries: a bisection that guesses by proportion where it can.
pub struct Bracket {
    wanted: u64,
    /// Bytes that hold no entry.
    empty: f64,
    /// The largest limit that held too few, and the smallest that held too many.
    low: Option<SizingStep>,
    high: Option<SizingStep>,
    /// How often the same end has moved in a row: proportion alone may creep up on the other for ever.
    same: i32,
}

impl Bracket {
    pub fn new(wanted: u64, empty: u64) -> Bracket {
        Bracket { wanted, empty: empty as f64, low: None, high: None, same: 0 }
    }

    /// Whether it held what was wanted.
    pub fn is_met(&self, step: &SizingStep) -> bool {
        (step.entries - self.wanted as f64).abs() <= Sizing::tolerance(self.wanted)
    }

    /// Takes what a limit held, which was too few or too many; says what to try next, or nothing once there is no
    /// limit left in between.
    pub fn next(&mut self, step: SizingStep) -> Option<u64> {
        let too_few = step.entries < self.wanted as f64;
        let side = if too_few { &mut self.low } else { &mut self.high };
        *side = Some(step);
        self.same = match (too_few, self.same) {
            (true, same) => same.min(0) - 1,
            (false, same) => same.max(0) + 1,
        };
        if self.same.abs() > MOST_ON_ONE_SIDE {
            // The other end does not hold any more: something took memory then that has been given back since.
            *(if too_few { &mut self.high } else { &mut self.low }) = None;
            self.same = self.same.signum();
        }
        let next = match (self.low, self.high) {
            (Some(low), Some(high)) => self.between(low, high)?,
            _ => self.beyond(step),
        };
        Some(next)
    }

    /// In proportion to what one limit held above the empty server.
    fn beyond(&self, step: SizingStep) -> u64 {
        let bytes = step.maxmemory as f64;
        // It held nothing at all, or is no larger than the empty server: nothing to draw a proportion from.
        if step.entries < 1.0 || bytes <= self.empty {
            return (bytes.max(self.empty) * 1.25) as u64 + 1;
        }
        let factor = (self.wanted as f64 / step.entries).clamp(0.25, 4.0);
        // A little beyond, so that what is wanted lies in between next time.
        let beyond = if factor > 1.0 { 1.02 } else { 0.98 };
        let guess = (self.empty
            + (bytes - self.empty) * factor * if self.same.abs() > 1 { beyond } else { 1.0 })
            as u64;
        if factor > 1.0 { guess.max(step.maxmemory + 1) } else { guess.min(step.maxmemory.saturating_sub(1)) }
    }

    fn between(&self, low: SizingStep, high: SizingStep) -> Option<u64> {
        let (from, to) = (low.maxmemory.min(high.maxmemory), low.maxmemory.max(high.maxmemory));
        if to - from < 2 {
            return None;
        }
        let part = (self.wanted as f64 - low.entries) / (high.entries - low.entries);
        let part = if self.same.abs() > 2 || low.entries < 1.0 { 0.5 } else { part };
        let guess = low.maxmemory as f64 + part * (high.maxmemory as f64 - low.maxmemory as f64);
        Some((guess as u64).clamp(from + 1, to - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limits that are tried, 25 at most, on a server that holds this many entries under a limit.
    fn tried(wanted: u64, empty: u64, first: u64, mut held: impl FnMut(u64) -> f64) -> Vec<SizingStep> {
        let mut bracket = Bracket::new(wanted, empty);
        let (mut steps, mut next) = (Vec::new(), Some(first));
        while let Some(maxmemory) = next.filter(|_| steps.len() < 25) {
            let step = SizingStep { maxmemory, entries: held(maxmemory) };
            steps.push(step);
            next = if bracket.is_met(&step) { None } else { bracket.next(step) };
        }
        steps
    }

    /// Whether the last limit held what was wanted, after no more steps than these.
    fn is_met_within(most: usize, wanted: u64, steps: &[SizingStep]) -> bool {
        let off = (steps[steps.len() - 1].entries - wanted as f64).abs();
        off <= Sizing::tolerance(wanted) && steps.len() <= most
    }

    #[test]
    fn few_steps_are_needed_from_a_good_guess_and_not_many_from_a_bad_one() {
        // 1.2 MB of base, 150 bytes an entry, and a table that doubles at 2^16 entries.
        let held = |bytes: u64| {
            let entries = |base: f64| ((bytes as f64 - base) / 150.0).max(0.0).floor();
            let small = entries(1_200_000.0);
            if small < 65_536.0 { small } else { entries(2_200_000.0).max(65_536.0) }
        };
        for wanted in [100, 10_000, 65_000, 66_000, 1_000_000] {
            let good = 1_100_000 + wanted * 160;
            for (first, most) in [(good, 9), (good * 20, 16), (1_000, 16)] {
                let steps = tried(wanted, 1_000_000, first, held);
                assert!(is_met_within(most, wanted, &steps), "{wanted} from {first}: {steps:?}");
            }
        }
    }

    #[test]
    fn an_end_that_does_not_hold_any_more_is_given_up() {
        let mut count = 0;
        let steps = tried(1_000, 1_000_000, 1_400_000, |bytes| {
            count += 1;
            // What took memory at first is gone after that.
            let base = if count == 1 { 1_050_000.0 } else { 1_000_000.0 };
            ((bytes as f64 - base) / 375.0).max(0.0)
        });
        assert!(is_met_within(10, 1_000, &steps), "{steps:?}");
    }

    #[test]
    fn a_number_that_no_limit_holds_is_not_looked_for_for_ever() {
        let steps = tried(1_500, 0, 5_000, |bytes| if bytes < 8_191 { 1_000.0 } else { 2_000.0 });
        assert!((3..=25).contains(&steps.len()), "{steps:?}");
    }
}
