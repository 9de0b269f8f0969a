use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::Kind;
use crate::traffic::traces::{Recording, Request, TraceKey};
use crate::traffic::{KEYS, KeyParts, Random, Stream};

/// Requests of keys that are named by letters.
fn letters(text: &str) -> Scenario {
    of(text.bytes().map(|letter| Request::of(TraceKey::Number(letter.into()))))
}

fn of(requests: impl IntoIterator<Item = Request>) -> Scenario {
    Scenario::of(Arc::new(Recording::of(requests).unwrap()))
}

fn keys(keys: impl IntoIterator<Item = u64>) -> Scenario {
    of(keys.into_iter().map(|key| Request::of(TraceKey::Number(key))))
}

fn run(scenario: &Scenario, policy: &str, entries: u64) -> Simulated {
    let policy: Choice = serde_json::from_str(policy).unwrap_or_else(|_| Choice::named(policy));
    simulate(scenario, &policy, Capacity::Entries(entries), 1).unwrap()
}

fn hits(text: &str, policy: &str, entries: u64) -> u64 {
    run(&letters(text), policy, entries).hits
}

fn hit_rate(scenario: &Scenario, policy: &str, entries: u64) -> f64 {
    run(scenario, policy, entries).hit_rate().unwrap()
}

#[test]
fn each_policy_lets_go_of_what_it_says() {
    // Two entries. At c, lru lets b go, which was used before a; fifo lets a go, which came before b; opt knows that
    // a is asked for next, and with bypass that c never is.
    assert_eq!(hits("abacab", "lru", 2), 2);
    assert_eq!(hits("abacab", "fifo", 2), 1);
    assert_eq!(hits("abacab", "opt", 2), 2);
    assert_eq!(hits("abacab", "opt-bypass", 2), 3);
    // a, b and c miss once each, whatever the size.
    assert_eq!(hits("abacab", "unbounded", 2), 3);
}

#[test]
fn lfu_lets_the_least_used_go_and_of_equals_the_one_used_longest_ago() {
    // At c, a and b have two uses each; b's last is the older.
    assert_eq!(hits("abbaca", "lfu", 2), 3);
    assert_eq!(hits("abbacb", "lfu", 2), 2);
    // z drives x out, x drives z out. At the second z, x has one use since it came in, so it goes; in all it has three,
    // as many as y, which was used longer ago.
    assert_eq!(hits("xxyyyzxzx", "lfu", 2), 3);
    assert_eq!(hits("xxyyyzxzx", "perfect-lfu", 2), 4);
}

#[test]
fn three_keys_hit_as_the_closed_forms_say() {
    // P(key) = 0.6, 0.3, 0.1, two entries. Random and fifo hold {i, j} with a share of p_i p_j (Gelenbe 1973):
    // hits 0.8. Lru holds them with p_i p_j / (1 - p_i) + p_j p_i / (1 - p_j): hits 0.8186.
    let draw = |n| match Random::new(3, Stream::Operation, n).unit() {
        unit if unit <= 0.6 => 0,
        unit if unit <= 0.9 => 1,
        _ => 2,
    };
    let scenario = keys((0..400_000).map(draw));
    for (policy, expected) in [("random", 0.8), ("fifo", 0.8), ("lru", 0.8186)] {
        let found = hit_rate(&scenario, policy, 2);
        // Four standard errors, were each request independent: 0.0025. The forms differ by seven times as much.
        assert!((found - expected).abs() < 0.004, "{policy}: {found}, not {expected}");
    }
}

/// Requests by Zipf's law of exponent 0.9 over 2,000 keys, and the shares of the keys.
fn zipf(requests: u64) -> (Scenario, Vec<f64>) {
    let choice: Choice = serde_json::from_str(r#"{"zipfian": {"exponent": 0.9}}"#).unwrap();
    let source = choice.build(KEYS, KeyParts { rows: 2_000, seed: 5, folders: Vec::new() }).unwrap();
    let pick = |ticket| source.pick(ticket, 2_000, &mut Random::new(5, Stream::Operation, ticket));
    let weights: Vec<f64> = (1..=2_000).map(|rank| f64::from(rank).powf(-0.9)).collect();
    let sum: f64 = weights.iter().sum();
    (keys((0..requests).map(pick)), weights.into_iter().map(|weight| weight / sum).collect())
}

#[test]
fn lru_on_zipf_hits_and_ages_as_ches_approximation_says() {
    let (scenario, shares) = zipf(300_000);
    let entries = 200.0;
    // The time in which as many keys are asked for as fit, by bisection.
    let held = |time: f64| shares.iter().map(|share| 1.0 - (-share * time).exp()).sum::<f64>();
    let (mut low, mut high) = (entries, 100.0 * entries);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if held(middle) < entries { low = middle } else { high = middle }
    }
    let expected: f64 = shares.iter().map(|share| share * (1.0 - (-share * low).exp())).sum();
    let found = run(&scenario, "lru", 200);
    let rate = found.hit_rate().unwrap();
    assert!((rate - expected).abs() < 0.005, "{rate}, not {expected}");
    let age = found.eviction_age.unwrap();
    assert!((age / low - 1.0).abs() < 0.02, "{age}, not {low}");
    assert!((hit_rate(&scenario, "fifo", 200) - expected).abs() > 0.02, "fifo has another law");
}

#[test]
fn redis_lru_is_lru_if_its_clock_tells_uses_apart_and_random_if_not() {
    let (mut scenario, _) = zipf(120_000);
    let (lru, random) = (hit_rate(&scenario, "lru", 200), hit_rate(&scenario, "random", 200));
    assert!(lru - random > 0.02, "{lru} and {random}");
    let share_of_gap = |found: f64| (found - random) / (lru - random);
    scenario.pace = Pace::PerSecond(1.0);
    let slow = share_of_gap(hit_rate(&scenario, "redis-lru", 200));
    scenario.pace = Pace::PerSecond(1e6);
    let fast = share_of_gap(hit_rate(&scenario, "redis-lru", 200));
    let finer = share_of_gap(hit_rate(&scenario, r#"{"redis-lru": {"samples": 64}}"#, 200));
    assert!(slow > 0.75 && slow <= 1.05, "{slow}");
    assert!(fast.abs() < 0.25 && finer.abs() < 0.25, "{fast}, {finer}");
}

#[test]
fn the_counters_of_redis_lfu_decay_by_the_minute() {
    let at =
        |minute: u64, key| Request { at_us: Some(minute * 60_000_000), ..Request::of(TraceKey::Number(key)) };
    // A hundred uses of 1, hours later twenty of 2; 3 makes one of them go. With 64 samples both are seen.
    let requests = (0..100).map(|_| at(0, 1)).chain((0..20).map(|_| at(300, 2))).chain([at(300, 3)]);
    let scenario = |last| of(requests.clone().chain([at(300, last)]));
    let misses = |last, decay: u32| {
        let policy = format!(r#"{{"redis-lfu": {{"samples": 64, "lfu_decay_time": {decay}}}}}"#);
        run(&scenario(last), &policy, 2).misses()
    };
    assert_eq!([misses(1, 1), misses(2, 1)], [4, 3], "what was hot hours ago goes");
    assert_eq!([misses(1, 0), misses(2, 0)], [3, 4], "without decay it stays");
}

#[test]
fn the_age_of_what_cycles_through_lru_is_its_size() {
    let found = run(&keys((0..1_000).map(|n| n % 10)), "lru", 7);
    assert_eq!((found.hits, found.evictions, found.eviction_age), (0, 993, Some(7.0)));
    assert_eq!(run(&letters("aa"), "lru", 7).eviction_age, None);
}

#[test]
fn entries_expire_by_their_time_and_give_their_room_back() {
    let at =
        |second: u64, key| Request { at_us: Some(second * 1_000_000), ..Request::of(TraceKey::Number(key)) };
    let mut scenario = of([at(0, 1), at(5, 1), at(11, 1), at(12, 2), at(30, 3), at(31, 2)]);
    assert_eq!((run(&scenario, "lru", 2).hits, run(&scenario, "lru", 2).evictions), (3, 1));
    scenario.ttl = Some(Duration::from_secs(10));
    let found = run(&scenario, "lru", 2);
    // Only that at 5 s hits, and at 30 s there is room for both.
    assert_eq!((found.hits, found.evictions, found.entries), (1, 0, 2));
    scenario.pace = Pace::Recorded { speed: 100.0 };
    assert_eq!(run(&scenario, "lru", 2).hits, 3);
    scenario.pace = Pace::Recorded { speed: 0.0 };
    let wrong = simulate(&scenario, &Choice::named("lru"), Capacity::Entries(2), 1).unwrap_err();
    assert!(wrong.to_string().contains("more than 0"));
}

#[test]
fn a_time_to_live_of_the_trace_holds_for_its_own_entry() {
    let ttl = |key, seconds: u64| Request {
        at_us: Some(0),
        ttl: Some(Duration::from_secs(seconds)),
        ..Request::of(TraceKey::Number(key))
    };
    let later = |key| Request { at_us: Some(50_000_000), ..Request::of(TraceKey::Number(key)) };
    assert_eq!(run(&of([ttl(1, 10), ttl(2, 100), later(1), later(2)]), "lru", 9).hits, 1);
}

#[test]
fn a_write_is_a_read_takes_the_entry_away_or_puts_it_in() {
    let op = |op, key| Request { op: Some(op), ..Request::of(TraceKey::Number(key)) };
    let (read, write, delete) = (Kind::Read, Kind::Write, Kind::Delete);
    let mut scenario =
        of([op(read, 1), op(write, 1), op(read, 1), op(write, 2), op(read, 2), op(delete, 2), op(read, 2)]);
    let mut told = |writes, fill_on_miss| {
        (scenario.writes, scenario.fill_on_miss) = (writes, fill_on_miss);
        let found = run(&scenario, "lru", 5);
        (found.requests, found.hits, found.entries)
    };
    assert_eq!(told(Writes::AsReads, true), (7, 5, 2));
    assert_eq!(told(Writes::Invalidate, true), (4, 0, 2));
    assert_eq!(told(Writes::Put, true), (4, 2, 2));
    assert_eq!(told(Writes::Put, false), (4, 2, 1));
    assert_eq!(told(Writes::Invalidate, false), (4, 0, 0));
}

#[test]
fn by_bytes_an_entry_makes_as_many_others_go_as_it_needs() {
    let sized = |key, size| Request { size: Some(size), ..Request::of(TraceKey::Number(key)) };
    // 1 and 2 fill it up; 3 needs both; 4 is larger than the cache, and 3 stays.
    let requests = [sized(1, 40), sized(2, 60), sized(1, 40), sized(3, 70), sized(4, 101), sized(3, 70)];
    let found = simulate(&of(requests), &Choice::named("lru"), Capacity::Bytes(100), 1).unwrap();
    assert_eq!((found.hits, found.evictions, found.entries), (2, 2, 1));
    assert_eq!((found.bytes, found.hit_bytes), (381, 110));
    assert_eq!(found.byte_hit_rate(), Some(110.0 / 381.0));
    // What a write makes larger drives others out.
    let write = |key, size| Request { op: Some(Kind::Write), ..sized(key, size) };
    let mut scenario = of([sized(1, 40), sized(2, 60), write(2, 80), sized(1, 40)]);
    scenario.writes = Writes::Put;
    let found = simulate(&scenario, &Choice::named("lru"), Capacity::Bytes(100), 1).unwrap();
    assert_eq!((found.hits, found.evictions, found.entries), (0, 2, 1));
}

#[test]
fn an_object_without_bytes_takes_a_place_as_any_other() {
    let empty = |key| Request { size: Some(0), ..Request::of(TraceKey::Number(key)) };
    let mut scenario = of((0..50).map(|n| empty(n % 10)));
    scenario.size_of_unknown = Some(0);
    let found = run(&scenario, "lru", 4);
    assert_eq!((found.hits, found.evictions, found.entries), (0, 46, 4));
    assert_eq!(found.byte_hit_rate(), None);
}

#[test]
fn a_miss_fills_with_the_size_and_the_time_that_other_requests_say_of_its_key() {
    let at = |second: u64, op, key, size, ttl: Option<u64>| Request {
        at_us: Some(second * 1_000_000),
        op: Some(op),
        size,
        ttl: ttl.map(Duration::from_secs),
        ..Request::of(TraceKey::Number(key))
    };
    let (read, write) = (Kind::Read, Kind::Write);
    let (miss, set) = (
        |second, key| at(second, read, key, None, None),
        |second, key| at(second, write, key, Some(60), Some(10)),
    );
    let mut scenario =
        of([miss(0, 1), set(0, 1), miss(1, 2), set(1, 2), miss(2, 1), miss(3, 2), miss(4, 2), miss(15, 2)]);
    scenario.writes = Writes::Invalidate;
    let lru = |scenario: &Scenario, bytes| {
        let found = simulate(scenario, &Choice::named("lru"), Capacity::Bytes(bytes), 1).unwrap();
        (found.hits, found.evictions, found.bytes)
    };
    // 60 of 100 bytes each, so one at a time: 2 hits at 4 s, and is gone at 15 s.
    assert_eq!(lru(&scenario, 100), (1, 1, 360));
    // A write's own size wins: it leaves no room for the other.
    let mut grown = of([set(0, 1), miss(0, 2), set(0, 2), at(1, write, 1, Some(90), None), miss(2, 2)]);
    grown.writes = Writes::Put;
    assert_eq!(lru(&grown, 140), (0, 2, 120));
    // Of 3 nothing is known.
    let mut unknown = of([set(0, 1), miss(0, 3)]);
    let wrong = simulate(&unknown, &Choice::named("lru"), Capacity::Bytes(100), 1).unwrap_err();
    assert!(wrong.to_string().contains("no sizes of 1 of its 2 keys"), "{wrong}");
    unknown.size_of_unknown = Some(40);
    assert_eq!(lru(&unknown, 100), (0, 0, 100));
}

#[test]
fn a_wrong_option_is_told() {
    for (policy, words) in [
        (r#"{"redis-lru": {"samples": 0}}"#, "from 1 to 64"),
        (r#"{"redis-lfu": {"samples": 65}}"#, "from 1 to 64"),
        (r#"{"redis-lru": {"clock": "0s"}}"#, "1ms or more"),
        (r#"{"lru": {"samples": 5}}"#, "samples"),
        (r#""mru""#, "expected one of"),
    ] {
        let policy: Choice = serde_json::from_str(policy).unwrap();
        let error = simulate(&letters("a"), &policy, Capacity::Entries(1), 1).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_policy_has_more_hits_than_opt_or_holds_more_than_fits(
        requests in proptest::collection::vec(0u64..24, 1..300),
        entries in 0u64..14,
    ) {
        let scenario = keys(requests);
        let all = POLICIES.iter().map(|entry| (entry.name, run(&scenario, entry.name, entries)));
        let all: std::collections::BTreeMap<_, _> = all.collect();
        let (opt, bypass) = (all["opt"].hits, all["opt-bypass"].hits);
        let (requests, unique) = (scenario.recording.len(), scenario.recording.unique_keys());
        prop_assert_eq!((all["unbounded"].hits, all["unbounded"].entries), (requests - unique, unique));
        prop_assert!(opt <= bypass && bypass <= requests - unique);
        for (name, found) in &all {
            prop_assert_eq!(found.requests, requests);
            if *name == "unbounded" { continue; }
            prop_assert!(found.entries <= entries, "{} holds {}", name, found.entries);
            prop_assert!(*name == "opt-bypass" || found.hits <= opt, "{} has {} hits, opt {}", name, found.hits, opt);
            if *name != "opt-bypass" && entries > 0 {
                prop_assert_eq!(found.misses() - found.evictions, found.entries, "{}", name);
            }
        }
    }
}
