//! Simulated caches over traces, against the exact hits that two independent simulators agree on.

use std::sync::Arc;

use cachebench::registry::Choice;
use cachebench::simulation::{CacheSize, Capacity, Sample, Scenario, simulate};
use cachebench::traffic::traces::load;

use super::{reference, trace};

fn scenario(name: &str, format: &str, limit: u64) -> Option<Scenario> {
    let recording = load(&trace(name)?, Some(&Choice::named(format)), Some(limit));
    Some(Scenario::of(Arc::new(recording.unwrap_or_else(|error| panic!("{error}")))))
}

fn hits(scenario: &Scenario, policy: &str, capacity: u64, seed: u64) -> u64 {
    simulate(scenario, &Choice::named(policy), Capacity::Entries(capacity), seed).unwrap().hits
}

/// The names of policies in the reference, and here.
const EXACT: [(&str, &str); 6] = [
    ("lru", "lru"),
    ("fifo", "fifo"),
    ("lfu", "lfu"),
    ("plfu", "perfect-lfu"),
    ("opt", "opt"),
    ("opt_bypass", "opt-bypass"),
];

/// Holds every policy against the rows of the reference; false where there is none.
fn agrees(scenario: &Scenario, name: &str) -> bool {
    let Some(reference) = reference(name) else { return false };
    let rows = reference["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 4, "{name}");
    for row in rows {
        let capacity = row["cap"].as_u64().unwrap();
        for (theirs, ours) in EXACT {
            if let Some(expected) = row[theirs].as_u64() {
                assert_eq!(
                    hits(scenario, ours, capacity, 1),
                    expected,
                    "{name}: {ours} with {capacity} entries"
                );
            }
        }
        let seeds = 3;
        let mean = (1..=seeds).map(|seed| hits(scenario, "random", capacity, seed)).sum::<u64>() as f64
            / seeds as f64;
        let (expected, deviation) = (row["random"].as_f64().unwrap(), row["random_sd"].as_f64().unwrap());
        let far = (mean - expected).abs() > 4.0 * deviation;
        assert!(!far, "{name}: random with {capacity} entries has {mean}, not {expected} ± {deviation}");
    }
    true
}

#[test]
fn every_policy_has_the_hits_of_the_reference_on_web_requests() {
    let Some(scenario) = scenario("web12.trace.xz", "int32be", u64::MAX) else { return };
    assert!(agrees(&scenario, "web12"));
}

#[test]
fn every_policy_has_the_hits_of_the_reference_on_block_requests() {
    let Some(scenario) = scenario("cloudPhysicsIO.txt", "plain", u64::MAX) else { return };
    assert!(agrees(&scenario, "cloudphysics-sample"));
}

#[test]
fn every_policy_has_the_hits_of_the_reference_on_accesses_to_entities() {
    let Some(scenario) = scenario("orm-busy.trace.xz", "int32be", 2_000_000) else { return };
    assert!(agrees(&scenario, "orm-busy"));
}

#[test]
fn every_policy_has_the_hits_of_the_reference_on_conversations() {
    let Some(scenario) = scenario("conversation_trace.jsonl", "mooncake", u64::MAX) else { return };
    assert!(agrees(&scenario, "mooncake-conversation"));
}

#[test]
fn a_cycle_that_does_not_fit_has_no_hit_at_all_but_by_looking_ahead_or_by_chance() {
    let Some(scenario) = scenario("lirs_loop.trace.gz", "plain", u64::MAX) else { return };
    assert!(agrees(&scenario, "lirs-loop"));
    for policy in ["lru", "fifo", "lfu", "perfect-lfu"] {
        assert_eq!(hits(&scenario, policy, 1_010, 1), 0, "{policy}");
        // One entry more, and only the first of each key is missed.
        assert_eq!(hits(&scenario, policy, 1_011, 1), 505_500 - 1_011, "{policy}");
    }
    assert!(hits(&scenario, "opt", 1_010, 1) > 490_000);
}

#[test]
fn a_tenth_of_the_keys_tells_the_hit_rates_of_all() {
    let Some(scenario) = scenario("orm-busy.trace.xz", "int32be", 1_000_000) else { return };
    let (lru, rate) = (Choice::named("lru"), 0.1);
    let whole = scenario.recording.len() as f64;
    let sizes = [1.0, 5.0, 10.0, 25.0]
        .map(|percent| CacheSize::Percent(percent).of(scenario.recording.unique_keys()));
    let exact = sizes.map(|size| simulate(&scenario, &lru, size, 1).unwrap().hit_rate().unwrap());
    let (mut errors, mut unscaled) = (Vec::new(), Vec::new());
    for seed in 1..=3 {
        let sample = Sample::of(&scenario, rate, seed).unwrap();
        for (size, exact) in sizes.iter().zip(exact) {
            let estimate = sample.simulate(&lru, *size, 1).unwrap();
            assert_eq!(estimate.requests as f64, whole);
            errors.push((estimate.hit_rate().unwrap() - exact).abs());
            // The control: the sample in a cache of the whole size.
            let Capacity::Entries(entries) = *size else { unreachable!("shares are entries") };
            let larger = Capacity::Entries(entries * 10);
            let wrong = sample.simulate(&lru, larger, 1).unwrap().hit_rate().unwrap();
            unscaled.push((wrong - exact).abs());
        }
    }
    // One seed may be off by 4 points at 1 %, of which only 49 entries are left; the mean is what the method promises.
    let mean = |errors: &[f64]| errors.iter().sum::<f64>() / errors.len() as f64;
    let (error, unscaled) = (mean(&errors), mean(&unscaled));
    println!("mean error {error:.4}, unscaled {unscaled:.4}");
    assert!(error < 0.02, "the estimate is off by {error}");
    assert!(unscaled > 0.05, "without scaling it is off by {unscaled}");
}
