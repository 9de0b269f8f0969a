use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Parts;
use crate::traffic::{Random, Stream};

/// The random numbers of one guard of one service instance.
pub struct Dice {
    seed: u64,
    /// The next number; the guard and the instance are in its upper bits.
    next: AtomicU64,
}

/// What a guard draws for: no two of one stack draw the same.
#[derive(Clone, Copy)]
pub enum Draw {
    Refresh = 1,
    Lifetime = 2,
}

impl Dice {
    pub fn new(parts: &Parts, draw: Draw) -> Dice {
        let first = (draw as u64) << 56 | (parts.instance as u64) << 40;
        Dice { seed: parts.seed, next: AtomicU64::new(first) }
    }

    /// A number in (0, 1].
    pub fn unit(&self) -> f64 {
        Random::new(self.seed, Stream::Guard, self.next.fetch_add(1, Relaxed)).unit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_and_instances_draw_numbers_of_their_own() {
        let parts = |instance| Parts { instance, ..Parts::noop(None) };
        let draws = |instance, draw| {
            let dice = Dice::new(&parts(instance), draw);
            [(); 3].map(|()| dice.unit())
        };
        assert_eq!(draws(0, Draw::Refresh), draws(0, Draw::Refresh));
        let (refresh, lifetime, other) =
            (draws(0, Draw::Refresh), draws(0, Draw::Lifetime), draws(1, Draw::Refresh));
        assert!(refresh != lifetime && refresh != other && lifetime != other);
    }

    #[test]
    fn consecutive_draws_are_spread_evenly() {
        let dice = Dice::new(&Parts::noop(None), Draw::Refresh);
        let mut tenths = [0u32; 10];
        for _ in 0..100_000 {
            tenths[(dice.unit() * 10.0).ceil() as usize - 1] += 1;
        }
        // Within four standard errors, 95 each.
        assert!(tenths.iter().all(|&count| count.abs_diff(10_000) < 380), "{tenths:?}");
    }
}
