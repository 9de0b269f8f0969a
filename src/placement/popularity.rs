use crate::traffic::Bijection;

/// How often each of many keys is asked for, by Zipf's law: the key of rank k has the weight k^-s, from rank 1. Which key
/// has which rank follows from the seed, as in the keys `zipfian`, so that no name says how hot it is.
pub struct Popularity {
    weights: Vec<f64>,
    sum: f64,
    hottest: f64,
}

impl Popularity {
    /// So many keys under this exponent; 0 is all alike.
    pub fn new(keys: u64, exponent: f64, seed: u64) -> Popularity {
        let ranks = Bijection::new(keys, seed);
        let mut weights = vec![0.0; keys as usize];
        for rank in 0..keys {
            weights[ranks.apply(rank) as usize] = ((rank + 1) as f64).powf(-exponent);
        }
        let sum = weights.iter().sum();
        Popularity { hottest: weights.iter().copied().fold(0.0, f64::max), weights, sum }
    }

    /// What the key of this id is asked for, beside others.
    pub fn weight(&self, id: usize) -> f64 {
        self.weights[id]
    }

    /// The share of all requests that are for the hottest key.
    pub fn hottest_share(&self) -> f64 {
        self.hottest / self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A law of 0.99 over 40,000 keys: 8.5 %.
    #[test]
    fn the_hottest_key_has_the_share_of_the_closed_form() {
        let law = Popularity::new(40_000, 0.99, 1);
        let harmonic: f64 = (1..=40_000).map(|rank| f64::from(rank).powf(-0.99)).sum();
        assert!((law.hottest_share() - 1.0 / harmonic).abs() < 1e-12);
        assert!((law.hottest_share() - 0.085).abs() < 0.001, "{}", law.hottest_share());
        assert!((Popularity::new(10, 0.0, 1).hottest_share() - 0.1).abs() < 1e-12);
    }
}
