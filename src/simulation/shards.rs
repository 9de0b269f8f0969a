use std::sync::Arc;

use super::request::Effect;
use super::{Capacity, Pace, Replay, Simulated, simulate};
use crate::registry::{Choice, OptionsError};
use crate::traffic::traces::{Recording, Request, TraceKey};
use crate::traffic::{Random, Stream};

/// The requests of a share of the keys, to estimate from them what all would do: SHARDS with a fixed rate and the
/// correction of its sums (Waldspurger and others, FAST 2015).
///
/// A cache of that share of the size, asked for these keys alone, does much as the whole one. Hot keys that happen to
/// stand in the sample or not are the largest part of the error; what the sample has too few of requests is counted as
/// hits, too many are taken from the hits, as hot keys hit almost always.
pub struct Sample {
    replay: Replay,
    rate: f64,
    whole: Reads,
    sampled: Reads,
}

/// What reads ask for.
#[derive(Clone, Copy)]
struct Reads {
    requests: f64,
    bytes: f64,
}

/// The steps in which a rate is told.
const STEPS: u64 = 1 << 24;

impl Sample {
    /// The requests of the keys whose hash is below `rate` of all hashes.
    ///
    /// # Errors
    /// When the rate is not above 0 and at most 1, or no key stands in the sample.
    pub fn of(replay: &Replay, rate: f64, seed: u64) -> Result<Sample, OptionsError> {
        if !(rate > 0.0 && rate <= 1.0) {
            return Err(OptionsError(format!("a rate of {rate} is no share, it is above 0 and at most 1")));
        }
        let threshold = (rate * STEPS as f64) as u64;
        let recording = &replay.recording;
        let stands = |key: u32| Random::new(seed, Stream::Sample, key.into()).below(STEPS) < threshold;
        let chosen = (0..recording.len()).filter(|index| stands(recording.keys()[*index as usize]));
        let sampled = Recording::of(chosen.map(|index| request(recording, index)))
            .ok_or_else(|| OptionsError(format!("no key stands in a sample of {rate}, take more")))?;
        let pace = match replay.pace {
            // The requests of the sample are so much rarer.
            Pace::PerSecond(per_second) => Pace::PerSecond(per_second * rate),
            recorded => recorded,
        };
        let sample = Replay { recording: Arc::new(sampled), pace, ..replay.clone() };
        Ok(Sample { rate, whole: reads(replay), sampled: reads(&sample), replay: sample })
    }

    /// The requests in the sample.
    pub fn requests(&self) -> u64 {
        self.replay.recording.len()
    }

    /// The keys in the sample.
    pub fn keys(&self) -> u64 {
        self.replay.recording.unique_keys()
    }

    /// What a cache of the whole `capacity` would do, by the sample.
    ///
    /// # Errors
    /// As [`simulate`].
    pub fn simulate(
        &self,
        policy: &Choice,
        capacity: Capacity,
        seed: u64,
    ) -> Result<Simulated, OptionsError> {
        let of_sample = |amount: u64| ((amount as f64 * self.rate).round() as u64).max(1);
        let smaller = match capacity {
            Capacity::Entries(entries) => Capacity::Entries(of_sample(entries)),
            Capacity::Bytes(bytes) => Capacity::Bytes(of_sample(bytes)),
        };
        let found = simulate(&self.replay, policy, smaller, seed)?;
        let whole = |amount: u64| (amount as f64 / self.rate).round() as u64;
        Ok(Simulated {
            capacity,
            requests: self.whole.requests as u64,
            hits: corrected(found.hits, self.sampled.requests, self.whole.requests, self.rate),
            bytes: self.whole.bytes as u64,
            hit_bytes: corrected(found.hit_bytes, self.sampled.bytes, self.whole.bytes, self.rate),
            evictions: whole(found.evictions),
            entries: whole(found.entries),
            eviction_age: found.eviction_age.map(|age| age / self.rate),
            policy: found.policy,
        })
    }
}

/// The hits among the whole, by those in the sample: what it has more or less than its share is hits.
fn corrected(hits: u64, sampled: f64, whole: f64, rate: f64) -> u64 {
    let expected = whole * rate;
    ((hits as f64 + expected - sampled) / rate).round().clamp(0.0, whole) as u64
}

fn reads(replay: &Replay) -> Reads {
    let indices = 0..replay.recording.len() as u32;
    let keys = replay.recording.keys();
    let sizes = indices
        .filter(|index| replay.effect(*index) == Effect::Read)
        .map(|index| replay.size(keys[index as usize]));
    sizes.fold(Reads { requests: 0.0, bytes: 0.0 }, |sum, size| Reads {
        requests: sum.requests + 1.0,
        bytes: sum.bytes + f64::from(size),
    })
}

fn request(recording: &Recording, index: u64) -> Request {
    let recorded = recording.request(index);
    Request {
        at_us: recorded.at.map(|at| at.as_micros() as u64),
        key: TraceKey::Number(recorded.key),
        op: recorded.op,
        size: recording.size(index),
        ttl: recording.ttl(index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_requests_of_a_sample_are_hits_and_the_surplus_is_not() {
        // Of 1,000 requests a tenth is 100. 90 came, of which 40 hit: the 10 that are missing would have.
        assert_eq!(corrected(40, 90.0, 1_000.0, 0.1), 500);
        assert_eq!(corrected(60, 110.0, 1_000.0, 0.1), 500);
        assert_eq!([corrected(0, 300.0, 1_000.0, 0.1), corrected(90, 10.0, 1_000.0, 0.1)], [0, 1_000]);
    }

    #[test]
    fn a_sample_of_all_is_the_whole() {
        let requests = (0..400u64).map(|n| Request::of(TraceKey::Number(n * n % 37)));
        let replay = Replay::of(Arc::new(Recording::of(requests).unwrap()));
        let sample = Sample::of(&replay, 1.0, 5).unwrap();
        for policy in ["lru", "opt", "lfu"] {
            let (policy, capacity) = (Choice::named(policy), Capacity::Entries(6));
            let exact = simulate(&replay, &policy, capacity, 1).unwrap();
            assert_eq!(sample.simulate(&policy, capacity, 1).unwrap(), exact);
        }
    }

    #[test]
    fn a_rate_that_is_no_share_or_catches_no_key_is_told() {
        let replay = Replay::of(Arc::new(Recording::of([Request::of(TraceKey::Number(1))]).unwrap()));
        for (rate, words) in
            [(0.0, "above 0"), (1.5, "at most 1"), (f64::NAN, "above 0"), (1e-9, "take more")]
        {
            let error = Sample::of(&replay, rate, 1).err().unwrap().to_string();
            assert!(error.contains(words), "{rate}: {error}");
        }
    }
}
