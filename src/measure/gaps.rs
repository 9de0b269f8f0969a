/// Inter-arrival times, as far as they tell how far their distribution is from the exponential one.
///
/// A gap is counted in unit-rate time, in which arrivals come one a second on average, by its place in the
/// exponential distribution: 1 - e^-gap, which is uniform if the gaps are exponential.
#[derive(Clone)]
pub struct Gaps {
    /// By place, in equal steps.
    places: Box<[u64; Gaps::STEPS]>,
}

impl Default for Gaps {
    fn default() -> Gaps {
        Gaps { places: Box::new([0; Gaps::STEPS]) }
    }
}

impl Gaps {
    /// The distance is exact to one part in so many.
    const STEPS: usize = 1024;

    /// Counts a gap of unit-rate time.
    pub fn record(&mut self, gap: f64) {
        let place = 1.0 - (-gap).exp();
        self.places[((place * Self::STEPS as f64) as usize).min(Self::STEPS - 1)] += 1;
    }

    pub fn add(&mut self, other: &Gaps) {
        self.places.iter_mut().zip(other.places.iter()).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// The Kolmogorov-Smirnov distance to the exponential distribution, from 0 to 1; nothing without gaps.
    pub fn distance(&self) -> Option<f64> {
        let total: u64 = self.places.iter().sum();
        let mut below = 0;
        let distances = self.places.iter().enumerate().map(|(step, count)| {
            below += count;
            ((step + 1) as f64 / Self::STEPS as f64 - below as f64 / total as f64).abs()
        });
        let most = distances.fold(0.0, f64::max);
        (total > 0).then_some(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Rate;
    use crate::traffic::{Arrival, Schedule};

    fn distance(arrival: Arrival) -> f64 {
        let mut schedule = Schedule::steady(Rate(20_000.0), arrival, 1);
        let mut gaps = Gaps::default();
        std::iter::from_fn(|| schedule.next_arrival()).take(100_000).for_each(|(_, gap)| gaps.record(gap));
        gaps.distance().unwrap()
    }

    #[test]
    fn exponential_gaps_are_near_and_even_ones_far() {
        // 1.95 / sqrt(n) is exceeded by chance once in a thousand samples of n gaps; a step more is the rounding.
        let limit = 1.95 / 100_000f64.sqrt() + 1.0 / Gaps::STEPS as f64;
        let poisson = distance(Arrival::Poisson);
        assert!(poisson < limit, "{poisson}");
        // All gaps are 1: the distance is that of a step at 1 - 1/e.
        let even = distance(Arrival::Constant);
        assert!((even - (1.0 - (-1f64).exp())).abs() < 0.002, "{even}");
        assert_eq!(Gaps::default().distance(), None);
    }
}
