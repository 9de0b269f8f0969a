use super::random::mix;

/// A seeded permutation of 0..n, computed rather than stored: a four-round Feistel network over the
/// next even power of two, walked until the image lies below n (Black and Rogaway 2002).
///
/// Scrambles ranks into row ids. Unlike hashing modulo n, it loses no key to a collision.
pub struct Bijection {
    n: u64,
    half_bits: u32,
    keys: [u64; 4],
}

impl Bijection {
    /// A permutation of 0..`n`; `n` is at least 1.
    pub fn new(n: u64, seed: u64) -> Bijection {
        let bits = 64 - n.saturating_sub(1).leading_zeros();
        let half_bits = bits.div_ceil(2).max(1);
        Bijection { n: n.max(1), half_bits, keys: std::array::from_fn(|round| mix(seed ^ mix(round as u64))) }
    }

    /// The image of `x`; `x` is below n.
    pub fn apply(&self, x: u64) -> u64 {
        let mut y = self.scramble(x, 0);
        while y >= self.n {
            y = self.scramble(y, 0);
        }
        y
    }

    /// One pass of the network; `tweak` selects another permutation of the same power of two.
    pub(super) fn scramble(&self, x: u64, tweak: u64) -> u64 {
        let mask = (1u64 << self.half_bits) - 1;
        let (mut left, mut right) = (x >> self.half_bits, x & mask);
        for key in self.keys {
            let round = (right ^ key ^ tweak).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (left, right) = (right, left ^ ((round ^ (round >> 32)) & mask));
        }
        (left << self.half_bits) | right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_hit_exactly_once() {
        for n in [1, 2, 3, 10, 1_000, 4_096, 10_007] {
            let bijection = Bijection::new(n, 9);
            let mut images: Vec<_> = (0..n).map(|x| bijection.apply(x)).collect();
            images.sort_unstable();
            assert!(images.into_iter().eq(0..n), "n = {n}");
        }
    }

    #[test]
    fn neighbours_are_scattered() {
        let bijection = Bijection::new(100_000, 9);
        let near = (0..999).filter(|&x| bijection.apply(x).abs_diff(bijection.apply(x + 1)) < 1_000).count();
        assert!(near < 60, "{near} of 999 neighbours stayed within 1 % of the key space, 20 expected");
    }
}
