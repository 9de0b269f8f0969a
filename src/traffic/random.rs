use std::convert::Infallible;

use rand::rand_core::TryRng;

/// What random numbers are drawn for; streams of one seed are independent of each other.
///
/// The numbers stay as they are: with another one, a seed would make another run.
#[derive(Clone, Copy, Debug)]
pub enum Stream {
    /// Kind, key and payload of an operation, numbered by its ticket.
    Operation = 1,
    /// The seeded content of a row, numbered by its id.
    Row = 2,
    /// Inter-arrival times.
    Arrival = 3,
    /// The pool of bytes that bodies are cut from.
    Pool = 4,
    /// The order of shuffled steps.
    Steps = 5,
    /// How long a client thinks before an operation, numbered by its ticket.
    Think = 6,
    /// How long who waits for a lock stays away from it.
    Backoff = 7,
    /// What guards against stampedes draw, numbered as they come.
    Guard = 8,
    /// When in its period a fault happens, numbered by the fault and the period.
    Fault = 12,
    /// Which events a consumer does not hear as they came, numbered as they come.
    Event = 14,
    /// Under which of its names a read asks for a row, numbered by its ticket.
    Variant = 15,
    /// Whether a read asks for a row that never exists, and for which, numbered by its ticket.
    Absent = 13,
    /// What eviction policies that are simulated draw.
    Eviction = 20,
    /// Whether a key stands in a sample of the keys, numbered by the key.
    Sample = 21,
}

/// A generator whose stream is the same on every machine and in every version: splitmix64 (Steele, Lea, Flood 2014).
///
/// Every operation has a stream of its own, of which it takes a few numbers; so what counts is what it costs to begin
/// one, and here that is nothing but the mixing of its number.
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    /// The generator of the `number`th item of a stream.
    pub fn new(seed: u64, stream: Stream, number: u64) -> Random {
        Random(mix(mix(seed ^ ((stream as u64) << 56)) ^ number))
    }

    /// Any number of 64 bits.
    pub fn bits(&mut self) -> u64 {
        let bits = mix(self.0);
        self.0 = self.0.wrapping_add(GAMMA);
        bits
    }

    /// A number in (0, 1]; its logarithm is finite.
    pub fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A number in 0..`bound` (Lemire's multiplication; its bias is below bound / 2^64).
    pub fn below(&mut self, bound: u64) -> u64 {
        self.below_with_rest(bound).0
    }

    /// A number in 0..`bound`, and the 64 bits that did not decide it, as good as another draw for small bounds.
    pub(super) fn below_with_rest(&mut self, bound: u64) -> (u64, u64) {
        let product = u128::from(self.bits()) * u128::from(bound);
        ((product >> 64) as u64, product as u64)
    }
}

/// The step of splitmix64: 2^64 over the golden ratio, made odd.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of splitmix64: a bijection that scatters neighbours.
pub(super) fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(GAMMA);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.bits() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.bits())
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        for chunk in into.chunks_mut(8) {
            chunk.copy_from_slice(&self.bits().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_same_in_every_version() {
        let mut random = Random::new(42, Stream::Operation, 0);
        let drawn: Vec<u64> = (0..3).map(|_| random.below(1_000_000)).collect();
        assert_eq!(drawn, FIRST_DRAWS);
    }

    const FIRST_DRAWS: [u64; 3] = [895_789, 624_405, 595_189];

    #[test]
    fn unit_is_never_zero_and_averages_a_half() {
        let mut random = Random::new(1, Stream::Arrival, 0);
        let draws: Vec<f64> = (0..100_000).map(|_| random.unit()).collect();
        assert!(draws.iter().all(|&u| u > 0.0 && u <= 1.0));
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        assert!((mean - 0.5).abs() < 4.0 * (1.0f64 / 12.0 / 100_000.0).sqrt(), "{mean}");
    }
}
