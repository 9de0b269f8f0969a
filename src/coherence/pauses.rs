use std::time::Duration;

use crate::traffic::Random;

/// Pauses between looks at what another holds: drawn from zero up to a bound that doubles, so that those who wait for
/// the same do not come back together.
pub struct Pauses {
    /// The longest that the next one may be.
    pub bound: Duration,
    random: Random,
}

impl Pauses {
    /// The largest of the bounds.
    pub const LONGEST: Duration = Duration::from_millis(50);

    /// The first of them is no longer than `first`.
    pub fn new(first: Duration, random: Random) -> Pauses {
        Pauses { bound: first, random }
    }

    pub fn next(&mut self) -> Duration {
        let pause = self.bound.mul_f64(self.random.unit());
        self.bound = (2 * self.bound).min(Pauses::LONGEST);
        pause
    }
}
