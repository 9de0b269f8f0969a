use super::*;
use crate::traffic::{Random, Stream};

#[test]
fn check_values_hold() {
    assert!((hit_rate_with_ttl(10.0, 1.0) - 0.9091).abs() < 5e-5);
    assert!((hit_rate_with_ttl_and_deletes(10.0, 1.0, 1.0) - 0.8634).abs() < 5e-5);
    assert!((hit_rate_with_ttl_and_deletes(10.0, 5.0, 1.0) - 0.6652).abs() < 5e-5);
    assert!((stale_sets_per_miss(5.0, 0.02) - 0.0952).abs() < 5e-5);
    assert_eq!(loads_per_expiry(500.0, 0.1), 51.0);
    assert!((jump_removal(10, 0) - 0.9889).abs() < 5e-5 && jump_removal(10, 9) == 0.1);
    assert!((loads_per_expiry_single_flight(500.0, 0.1, 4) - 4.0).abs() < 5e-4);
    assert_eq!(loads_per_expiry_single_flight(500.0, 0.1, 1), 1.0);
    assert_eq!((loads_per_expiry_lock(1.2, 0.5), loads_per_expiry_lock(0.4, 0.5)), (3.0, 1.0));
    for (beta, loads) in [(1.0, 2.72), (1.5, 1.95), (2.0, 1.65)] {
        assert!((loads_per_expiry_xfetch(beta) - loads).abs() < 5e-3, "{beta}");
        // A mean is the sum of the chances of more than 0, 1, 2 …
        let sum: f64 = (0..1_000).map(|loads| xfetch_more_loads_than(loads, beta)).sum();
        assert!((sum - loads_per_expiry_xfetch(beta)).abs() < 1e-9, "{beta}");
    }
    assert!((xfetch_more_loads_than(8, 1.0) - 0.0255).abs() < 5e-5);
    assert!((xfetch_lead(500.0, 0.1, 1.0) / 0.1 - 4.49).abs() < 5e-3);
    assert!((xfetch_hard_miss(50.0, 0.1, 1.0) - 0.0067).abs() < 5e-5);
    assert!((xfetch_late(50.0, 0.1, 1.0) - 0.1590).abs() < 5e-4);
    assert_eq!(hit_rate_with_ttl_and_deletes(10.0, 0.0, 1.0), hit_rate_with_ttl(10.0, 1.0));
}

const KEY: KeyClass = KeyClass { keys: 1.0, reads_per_s: 10.0, writes_per_s: 1.0 };

fn life(ttl_s: f64, on_write: OnWrite) -> EntryLife {
    EntryLife { ttl_s, spread: 0.0, on_write, load_s: 0.0 }
}

#[test]
fn in_the_long_run_it_is_the_closed_forms() {
    let stays = life(1.0, OnWrite::Stays).in_the_long_run(&[KEY]);
    assert!((stays.hit_rate - hit_rate_with_ttl(10.0, 1.0)).abs() < 1e-12);
    // Of hits 1 − (1 − e^(−x)) / x are stale: 0.3679 at x = 1.
    assert!((stays.stale_rate / stays.hit_rate - 0.3679).abs() < 5e-5, "{stays:?}");
    let goes = life(1.0, OnWrite::Goes).in_the_long_run(&[KEY]);
    assert!((goes.hit_rate - hit_rate_with_ttl_and_deletes(10.0, 1.0, 1.0)).abs() < 1e-12);
    assert_eq!(goes.stale_rate, 0.0);
    // A spread keeps the mean, and so the hits where no write ends an entry; but old entries are staler.
    let spread = EntryLife { spread: 0.5, ..life(1.0, OnWrite::Stays) }.in_the_long_run(&[KEY]);
    assert!((spread.hit_rate - stays.hit_rate).abs() < 1e-12 && spread.stale_rate > stays.stale_rate);
    // Keys count by their reads.
    let cold = KeyClass { keys: 3.0, reads_per_s: 1.0, writes_per_s: 0.0 };
    let both = life(1.0, OnWrite::Stays).in_the_long_run(&[KEY, cold]).hit_rate;
    assert!((both - (10.0 * stays.hit_rate + 3.0 * 0.5) / 13.0).abs() < 1e-12, "{both}");
}

#[test]
fn without_writes_or_with_very_few_nothing_is_stale_and_nothing_breaks() {
    for on_write in [OnWrite::Stays, OnWrite::Goes] {
        let at = |writes_per_s| life(1.0, on_write).in_the_long_run(&[KeyClass { writes_per_s, ..KEY }]);
        assert_eq!(at(0.0).stale_rate, 0.0);
        let (few, more) = (at(0.99e-4), at(1.01e-4));
        assert!((few.stale_rate - more.stale_rate).abs() < 2e-6, "{few:?} {more:?}");
        assert!((few.hit_rate - at(0.0).hit_rate).abs() < 1e-5);
    }
}

/// Misses up to `at_s` of a key of an empty cache whose entries no write ends: the k-th comes after k − 1 TTLs and k waits,
/// so there are k with the chance that a Poisson number of mean λ(t − (k − 1)T) is k or more.
fn misses_until(at_s: f64, reads_per_s: f64, ttl_s: f64) -> f64 {
    let count = (at_s / ttl_s).floor() as u32 + 1;
    let chance = |k: u32| {
        let mean = reads_per_s * (at_s - f64::from(k - 1) * ttl_s);
        let mut term = (-mean).exp();
        let mut below = 0.0;
        for number in 0..k {
            below += term;
            term *= mean / f64::from(number + 1);
        }
        1.0 - below
    };
    (1..=count).map(chance).sum()
}

#[test]
fn over_a_short_stretch_it_is_the_exact_sum_over_expiries() {
    for (reads_per_s, ttl_s, warm_up_s, measured_s) in
        [(10.0, 1.0, 0.0, 3.5), (0.5, 1.0, 2.0, 3.0), (3.0, 5.0, 1.0, 3.0), (40.0, 0.5, 1.0, 2.3)]
    {
        let class = KeyClass { keys: 1.0, reads_per_s, writes_per_s: 0.3 };
        let stretch = Stretch { warm_up_s, measured_s, began_full: false };
        let expected = life(ttl_s, OnWrite::Stays).expected(&[class], &stretch);
        let until = |at_s| misses_until(at_s, reads_per_s, ttl_s);
        let misses = until(warm_up_s + measured_s) - until(warm_up_s);
        let exact = 1.0 - misses / (reads_per_s * measured_s);
        assert!((expected.hit_rate - exact).abs() < 0.002, "{reads_per_s} {ttl_s}: {expected:?} {exact}");
    }
}

/// A key through its time: reads, misses and stale reads of the measured stretch, reads and writes by chance.
fn play(life: &EntryLife, class: &KeyClass, stretch: &Stretch, random: &mut Random) -> [f64; 4] {
    let mut wait = |rate: f64| if rate > 0.0 { -random.unit().ln() / rate } else { f64::INFINITY };
    let end_s = stretch.warm_up_s + stretch.measured_s;
    let first = if stretch.began_full { life.ttl_s } else { f64::NEG_INFINITY };
    let (mut expires, mut is_stale) = (first, false);
    let (mut read, mut write) = (wait(class.reads_per_s), wait(class.writes_per_s));
    let [mut reads, mut misses, mut stale, mut writes] = [0.0; 4];
    while read.min(write) < end_s {
        let now = read.min(write);
        let counts = f64::from(u8::from(now >= stretch.warm_up_s));
        if write < read {
            writes += counts;
            is_stale = true;
            if life.on_write == OnWrite::Goes {
                expires = f64::NEG_INFINITY;
            }
            write = now + wait(class.writes_per_s);
            continue;
        }
        reads += counts;
        if now < expires {
            stale += counts * f64::from(u8::from(is_stale));
        } else {
            misses += counts;
            (expires, is_stale) = (now + life.ttl_s, false);
        }
        read = now + wait(class.reads_per_s);
    }
    [reads, misses, stale, writes]
}

/// What chance makes of measurements: the mean difference from what is expected at the rates that each shows, and its
/// standard deviation, for hits and for stale reads.
fn differences(life: &EntryLife, classes: &[KeyClass], stretch: &Stretch, repeats: u64) -> [(f64, f64); 2] {
    let mut found = [Vec::new(), Vec::new()];
    for repeat in 0..repeats {
        let mut random = Random::new(7, Stream::Guard, repeat);
        let mut sum = [0.0; 4];
        for class in classes {
            for _ in 0..class.keys as u32 {
                let one = play(life, class, stretch, &mut random);
                (0..4).for_each(|place| sum[place] += one[place]);
            }
        }
        let [reads, misses, stale, writes] = sum;
        let total = |of: fn(&KeyClass) -> f64| -> f64 {
            classes.iter().map(|class| class.keys * of(class)).sum::<f64>() * stretch.measured_s
        };
        let more = |count: f64, total: f64| if total > 0.0 { count / total } else { 1.0 };
        let by_reads = more(reads, total(|class| class.reads_per_s));
        let by_writes = more(writes, total(|class| class.writes_per_s));
        let seen: Vec<KeyClass> = classes
            .iter()
            .map(|class| KeyClass {
                reads_per_s: class.reads_per_s * by_reads,
                writes_per_s: class.writes_per_s * by_writes,
                ..*class
            })
            .collect();
        let expected = life.expected(&seen, stretch);
        found[0].push(1.0 - misses / reads - expected.hit_rate);
        found[1].push(stale / reads - expected.stale_rate);
    }
    found.map(|values| {
        let mean = values.iter().sum::<f64>() / repeats as f64;
        let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (repeats - 1) as f64;
        (mean, square.sqrt())
    })
}

#[test]
fn chance_is_as_large_as_it_is_told() {
    let hot = KeyClass { keys: 4.0, reads_per_s: 8.0, writes_per_s: 0.8 };
    let cold = KeyClass { keys: 20.0, reads_per_s: 0.5, writes_per_s: 0.3 };
    let stretch = Stretch { warm_up_s: 6.0, measured_s: 24.0, began_full: false };
    for on_write in [OnWrite::Stays, OnWrite::Goes] {
        for ttl_s in [0.25, 1.0, 4.0] {
            let (life, classes) = (life(ttl_s, on_write), [hot, cold]);
            let errors = life.expected(&classes, &stretch).errors.unwrap();
            let repeats = 800;
            let [(off, deviation), (stale_off, stale_deviation)] =
                differences(&life, &classes, &stretch, repeats);
            println!(
                "{on_write:?} {ttl_s}: {off:.6} {deviation:.6} {stale_off:.6} {stale_deviation:.6} {errors:?}"
            );
            assert!((errors.hit_rate / deviation - 1.0).abs() < 0.15, "{on_write:?} {ttl_s}");
            let of_mean = |deviation: f64| 4.0 * deviation / (repeats as f64).sqrt();
            assert!(off.abs() < of_mean(deviation) + 3e-4, "{on_write:?} {ttl_s}: off by {off}");
            if on_write == OnWrite::Stays {
                assert!((errors.stale_rate / stale_deviation - 1.0).abs() < 0.15, "{ttl_s}");
                assert!(stale_off.abs() < of_mean(stale_deviation) + 3e-4, "{ttl_s}: off by {stale_off}");
            } else {
                assert_eq!((stale_off, stale_deviation, errors.stale_rate), (0.0, 0.0, 0.0));
            }
        }
    }
}

#[test]
fn a_ttl_beyond_the_measurement_has_an_expectation_and_no_error() {
    let classes = [KeyClass { keys: 40.0, reads_per_s: 0.6, writes_per_s: 0.2 }];
    for began_full in [false, true] {
        for on_write in [OnWrite::Stays, OnWrite::Goes] {
            let life = life(12.0, on_write);
            let stretch = Stretch { warm_up_s: 2.0, measured_s: 6.0, began_full };
            assert_eq!(life.expected(&classes, &stretch).errors, None);
            let repeats = 800;
            let found = differences(&life, &classes, &stretch, repeats);
            for (off, deviation) in found {
                let allowed = 4.0 * deviation / (repeats as f64).sqrt() + 1e-3;
                assert!(off.abs() < allowed, "{began_full} {on_write:?}: {off} {deviation}");
            }
        }
        // The long run is something else.
        let life = life(12.0, OnWrite::Stays);
        let stretch = Stretch { warm_up_s: 2.0, measured_s: 6.0, began_full };
        let long = life.in_the_long_run(&classes).hit_rate;
        assert!((long - life.expected(&classes, &stretch).hit_rate).abs() > 0.02);
    }
}
