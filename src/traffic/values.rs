use bytes::Bytes;
use rand::Rng;
use rand_distr::{Distribution, LogNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Random, Stream};
use crate::model::Size;

/// How large the body of a row is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ValueSize {
    /// The same size for all.
    Fixed(Size),
    /// Any size from `min` to `max`, each as likely.
    Uniform { min: Size, max: Size },
    /// Log-normal: half of the bodies below `median`; `sigma` is the standard deviation of the logarithm.
    /// Cut at 64 KiB.
    Lognormal {
        median: Size,
        #[schemars(range(min = 0, max = 4))]
        sigma: f64,
    },
}

impl ValueSize {
    /// Bodies are cut at this size, in bytes.
    pub const MAX: u64 = 64 * 1024;

    /// The mean size in bytes, before the cut.
    pub fn mean(&self) -> f64 {
        match self {
            ValueSize::Fixed(size) => size.0 as f64,
            ValueSize::Uniform { min, max } => (min.0 + max.0) as f64 / 2.0,
            ValueSize::Lognormal { median, sigma } => median.0 as f64 * (sigma * sigma / 2.0).exp(),
        }
    }
}

/// Bodies for rows and writes: slices of one pool of random bytes, so that drawing one copies nothing.
pub struct Bodies {
    size: ValueSize,
    lognormal: Option<LogNormal<f64>>,
    pool: Bytes,
}

impl Bodies {
    const POOL: usize = 1 << 22;

    pub fn new(size: ValueSize, seed: u64) -> Bodies {
        let mut pool = vec![0; Self::POOL];
        Random::new(seed, Stream::Pool, 0).fill_bytes(&mut pool);
        let lognormal = match &size {
            ValueSize::Lognormal { median, sigma } => {
                // Fails only for a sigma that is negative or no number: then every body has the median size.
                LogNormal::new((median.0.max(1) as f64).ln(), *sigma).ok()
            }
            _ => None,
        };
        Bodies { size, lognormal, pool: pool.into() }
    }

    /// A body of random size and content.
    pub fn draw(&self, random: &mut Random) -> Bytes {
        let size = match &self.size {
            ValueSize::Fixed(size) => size.0,
            ValueSize::Uniform { min, max } => min.0 + random.below(max.0.saturating_sub(min.0) + 1),
            ValueSize::Lognormal { median, .. } => match &self.lognormal {
                Some(lognormal) => lognormal.sample(random).round() as u64,
                None => median.0,
            },
        };
        self.of(size, random)
    }

    /// A body of this size, cut as all are, and of random content.
    pub fn of(&self, size: u64, random: &mut Random) -> Bytes {
        let size = size.min(ValueSize::MAX) as usize;
        let start = random.below((self.pool.len() - size + 1) as u64) as usize;
        self.pool.slice(start..start + size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(size: ValueSize) -> Vec<u64> {
        let bodies = Bodies::new(size, 5);
        (0..20_000).map(|n| bodies.draw(&mut Random::new(5, Stream::Row, n)).len() as u64).collect()
    }

    #[test]
    fn sizes_follow_their_distribution() {
        assert!(sizes(ValueSize::Fixed(Size(100))).iter().all(|&size| size == 100));
        let uniform = sizes(ValueSize::Uniform { min: Size(10), max: Size(20) });
        assert_eq!((uniform.iter().min(), uniform.iter().max()), (Some(&10), Some(&20)));
        let mut lognormal = sizes(ValueSize::Lognormal { median: Size(512), sigma: 0.6 });
        lognormal.sort_unstable();
        // The standard error of the median of n log-normal draws is median * sigma * sqrt(pi / 2n).
        let error = 512.0 * 0.6 * (std::f64::consts::PI / 2.0 / lognormal.len() as f64).sqrt();
        let median = lognormal[lognormal.len() / 2] as f64;
        assert!((median - 512.0).abs() < 4.0 * error, "{median}");
    }

    #[test]
    fn bodies_differ() {
        let bodies = Bodies::new(ValueSize::Fixed(Size(32)), 5);
        let draw = |n| bodies.draw(&mut Random::new(5, Stream::Row, n));
        assert_ne!(draw(1), draw(2));
        assert_eq!(draw(1), draw(1));
    }
}
