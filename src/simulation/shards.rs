use std::sync::Arc;

use super::scenario::Effect;
use super::{Capacity, Pace, Scenario, Simulated, simulate};
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
    scenario: Scenario,
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

/// An estimate takes this many entries in the sample: with fewer, single keys decide it.
const LEAST_ENTRIES: f64 = 10.0;

/// The steps in which a rate is told.
const STEPS: u64 = 1 << 24;

impl Sample {
    /// The requests of the keys whose hash is below `rate` of all hashes.
    ///
    /// # Errors
    /// When the rate is not above 0 and at most 1, or no key stands in the sample.
    pub fn of(scenario: &Scenario, rate: f64, seed: u64) -> Result<Sample, OptionsError> {
        if !(rate > 0.0 && rate <= 1.0) {
            return Err(OptionsError(format!("a rate of {rate} is no share, it is above 0 and at most 1")));
        }
        let threshold = (rate * STEPS as f64) as u64;
        let recording = &scenario.recording;
        let stands = |key: u32| Random::new(seed, Stream::Sample, key.into()).below(STEPS) < threshold;
        let chosen = (0..recording.len()).filter(|index| stands(recording.keys()[*index as usize]));
        let sampled = Recording::of(chosen.map(|index| request(recording, index)))
            .ok_or_else(|| OptionsError(format!("no key stands in a sample of {rate}, take more")))?;
        let pace = match scenario.pace {
            // The requests of the sample are so much rarer.
            Pace::PerSecond(per_second) => Pace::PerSecond(per_second * rate),
            recorded => recorded,
        };
        let sample = Scenario { recording: Arc::new(sampled), pace, ..scenario.clone() };
        Ok(Sample { rate, whole: reads(scenario), sampled: reads(&sample), scenario: sample })
    }

    /// The requests in the sample.
    pub fn requests(&self) -> u64 {
        self.scenario.recording.len()
    }

    /// The keys in the sample.
    pub fn keys(&self) -> u64 {
        self.scenario.recording.unique_keys()
    }

    /// Whether the sample is large enough for caches of these capacities.
    ///
    /// # Errors
    /// When one of these caches has too few entries in the sample, with the rate that would do for all of them.
    pub fn check(&self, capacities: &[Capacity]) -> Result<(), OptionsError> {
        let entries = |capacity: &Capacity| self.entries(*capacity);
        let Some(fewest) = capacities.iter().map(entries).min_by(f64::total_cmp) else { return Ok(()) };
        if self.rate >= 1.0 || fewest.round() >= LEAST_ENTRIES {
            return Ok(());
        }
        let enough = self.rate * LEAST_ENTRIES / fewest;
        let way_out =
            if enough < 1.0 { format!("take {}", rounded_up(enough)) } else { "take all keys".into() };
        Err(OptionsError(format!(
            "the smallest cache has {fewest:.1} entries in a sample of {}, too few for an estimate, which takes \
             {LEAST_ENTRIES}; {way_out}, or larger caches",
            self.rate
        )))
    }

    /// The entries that the sample has of a cache of the whole `capacity`.
    fn entries(&self, capacity: Capacity) -> f64 {
        let keys = self.keys() as f64;
        let held = match capacity {
            Capacity::Entries(entries) => entries as f64,
            Capacity::Bytes(bytes) => {
                let all: f64 = (0..self.keys()).map(|key| f64::from(self.scenario.size(key as u32))).sum();
                bytes as f64 / (all / keys).max(1.0)
            }
        };
        (held * self.rate).min(keys)
    }

    /// What a cache of the whole `capacity` would do, by the sample.
    ///
    /// # Errors
    /// As [`simulate`], and when the sample has too few entries of the cache.
    pub fn simulate(
        &self,
        policy: &Choice,
        capacity: Capacity,
        seed: u64,
    ) -> Result<Simulated, OptionsError> {
        self.check(&[capacity])?;
        let of_sample = |amount: u64| ((amount as f64 * self.rate).round() as u64).max(1);
        let smaller = match capacity {
            Capacity::Entries(entries) => Capacity::Entries(of_sample(entries)),
            Capacity::Bytes(bytes) => Capacity::Bytes(of_sample(bytes)),
        };
        let found = simulate(&self.scenario, policy, smaller, seed)?;
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

/// A rate in two significant digits, none of which makes it less.
fn rounded_up(rate: f64) -> f64 {
    let steps = 10f64.powf(1.0 - rate.log10().floor());
    (rate * steps * (1.0 - 1e-9)).ceil() / steps
}

/// The hits among the whole, by those in the sample: what it has more or less than its share is hits.
fn corrected(hits: u64, sampled: f64, whole: f64, rate: f64) -> u64 {
    let expected = whole * rate;
    ((hits as f64 + expected - sampled) / rate).round().clamp(0.0, whole) as u64
}

fn reads(scenario: &Scenario) -> Reads {
    let indices = 0..scenario.recording.len() as u32;
    let keys = scenario.recording.keys();
    let sizes = indices
        .filter(|index| scenario.effect(*index) == Effect::Read)
        .map(|index| scenario.size(keys[index as usize]));
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
        let scenario = Scenario::of(Arc::new(Recording::of(requests).unwrap()));
        let sample = Sample::of(&scenario, 1.0, 5).unwrap();
        for policy in ["lru", "opt", "lfu"] {
            let (policy, capacity) = (Choice::named(policy), Capacity::Entries(6));
            let exact = simulate(&scenario, &policy, capacity, 1).unwrap();
            assert_eq!(sample.simulate(&policy, capacity, 1).unwrap(), exact);
        }
    }

    #[test]
    fn the_sample_is_put_to_a_cache_that_is_smaller_by_its_rate() {
        let mut random = Random::new(3, Stream::Row, 0);
        let requests = (0..40_000)
            .map(|_| Request { size: Some(10), ..Request::of(TraceKey::Number(random.below(2_000))) });
        let scenario = Scenario::of(Arc::new(Recording::of(requests).unwrap()));
        let sample = Sample::of(&scenario, 0.2, 5).unwrap();
        for capacity in [Capacity::Entries(500), Capacity::Bytes(5_000)] {
            // All keys are asked for alike, and a quarter of them is in the cache: about a quarter of the reads hit.
            let told = sample.simulate(&Choice::named("lru"), capacity, 1).unwrap();
            let rate = told.hits as f64 / told.requests as f64;
            assert!((rate - 0.25).abs() < 0.2, "{capacity:?}: {rate}");
            assert_eq!((told.capacity, told.entries), (capacity, 500));
        }
    }

    #[test]
    fn fewer_than_ten_sampled_entries_are_refused_with_the_rate_that_would_do() {
        let requests = (0..4_000u64).map(|n| Request::of(TraceKey::Number(n % 2_000)));
        let scenario = Scenario::of(Arc::new(Recording::of(requests).unwrap()));
        let sample = Sample::of(&scenario, 0.1, 5).unwrap();
        let lru = Choice::named("lru");
        let told = |entries| sample.simulate(&lru, Capacity::Entries(entries), 1).err().map(|error| error.0);
        assert_eq!(told(100), None);
        let few = told(90).unwrap();
        assert!(
            few.contains("9.0 entries in a sample of 0.1") && few.contains("takes 10; take 0.12"),
            "{few}"
        );
        assert!(told(8).unwrap().contains("take all keys"));
        assert!(sample.check(&[Capacity::Entries(500), Capacity::Bytes(90)]).is_err());
        assert!(Sample::of(&scenario, 1.0, 5).unwrap().check(&[Capacity::Entries(1)]).is_ok());
    }

    #[test]
    fn a_rate_that_is_no_share_or_catches_no_key_is_told() {
        let scenario = Scenario::of(Arc::new(Recording::of([Request::of(TraceKey::Number(1))]).unwrap()));
        for (rate, words) in
            [(0.0, "above 0"), (1.5, "at most 1"), (f64::NAN, "above 0"), (1e-9, "take more")]
        {
            let error = Sample::of(&scenario, rate, 1).err().unwrap().to_string();
            assert!(error.contains(words), "{rate}: {error}");
        }
    }
}
