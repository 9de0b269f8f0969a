use super::*;
use crate::measure::{Effect, FaultRecord, Recovery};
use crate::traffic::{Random, Stream};

/// A bin of 1,000 reads of which so many were hits; each of the others was a load.
fn bin(hits: u64) -> Bin {
    Bin { reads: 1_000, hits, loads: 1_000 - hits, ..Bin::default() }
}

fn stretch(count: usize, hits: u64) -> Vec<Bin> {
    vec![bin(hits); count]
}

#[test]
fn a_known_curve_gives_known_numbers() {
    // From 0 to 80 % in 8 s along a line, and 16 s of that.
    let bins = [(0..80).map(|at| bin(10 * at + 5)).collect(), stretch(160, 800)].concat();
    let ramp = Ramp::of(&bins, Beginning::Empty).unwrap();
    assert_eq!((ramp.steady_hit_rate, ramp.is_steady, ramp.steady_loads_per_s), (0.8, true, 2_000.0));
    let near = |reached: Option<Reached>, seconds: f64| {
        let reached = reached.unwrap();
        assert!((reached.seconds - seconds).abs() < 0.03, "{reached:?} instead of {seconds}");
        assert!((reached.reads - seconds * 10_000.0).abs() < 300.0, "{reached:?}");
    };
    near(ramp.to_50, 4.0);
    near(ramp.to_90, 7.2);
    near(ramp.to_99, 7.92);
    // The triangle above the line: half of 80,000 reads at 80 %.
    assert!((ramp.excess_loads - 32_000.0).abs() < 100.0, "{}", ramp.excess_loads);
    // The first second has 5 % hits on average.
    assert_eq!(ramp.peak_loads_per_s, Some(9_500.0));
}

#[test]
fn a_full_cache_was_there_from_the_beginning() {
    let ramp = Ramp::of(&stretch(100, 1_000), Beginning::Preloaded).unwrap();
    assert_eq!([ramp.to_50, ramp.to_90, ramp.to_99], [Some(Reached::default()); 3]);
    assert_eq!((ramp.excess_loads, ramp.peak_loads_per_s, ramp.steady_loads_per_s), (0.0, Some(0.0), 0.0));
    let mut metrics = Metrics::default();
    ramp.tell(&mut metrics);
    assert_eq!((metrics.get("ramp.seconds_to_99"), metrics.get("ramp.reads_to_99")), (Some(0.0), Some(0.0)));
}

#[test]
fn a_lucky_moment_is_not_the_steady_state() {
    // 50 reads a bin: the hit rate of a short stretch varies by 3 points, and 99 % of 80 % lacks 0.8.
    let mut lucky = stretch(100, 700);
    lucky.extend(stretch(200, 800));
    lucky.iter_mut().for_each(|bin| *bin = Bin { reads: 50, hits: bin.hits / 20, loads: 10, ..*bin });
    lucky[30..34].iter_mut().for_each(|bin| bin.hits = 42);
    let ramp = Ramp::of(&lucky, Beginning::Empty).unwrap();
    let reached = ramp.to_99.unwrap().seconds;
    assert!((8.0..=10.3).contains(&reached), "{reached}");
}

#[test]
fn who_falls_back_was_not_there_yet() {
    // As after loading what the first requests ask for, and nothing else.
    let bins = [stretch(20, 1_000), stretch(30, 500), stretch(150, 800)].concat();
    let ramp = Ramp::of(&bins, Beginning::Prewarmed).unwrap();
    assert_eq!(ramp.to_50, Some(Reached::default()));
    let (to_90, to_99) = (ramp.to_90.unwrap().seconds, ramp.to_99.unwrap().seconds);
    assert!((4.8..=5.2).contains(&to_90) && (4.8..=5.3).contains(&to_99), "{to_90} {to_99}");
    // The 4,000 loads saved in the first two seconds do not outweigh the 9,000 of the three after.
    assert!((ramp.excess_loads - 5_000.0).abs() < 300.0, "{}", ramp.excess_loads);
}

#[test]
fn what_is_not_reached_is_not_told() {
    let bins = [stretch(30, 0), stretch(60, 300), stretch(10, 900), stretch(50, 0)].concat();
    let steady = Steady { hit_rate: 0.9, loads_per_read: 0.1, loads_per_s: 1_000.0, is_steady: true };
    let ramp = Ramp::towards(&bins[..80], steady, Beginning::Emptied, 80);
    assert_eq!((ramp.to_50, ramp.to_99), (None, None));
    assert_eq!(ramp.excess_loads, 30.0 * 1_000.0 + 50.0 * 700.0 - 80.0 * 100.0);
    assert_eq!(Ramp::of(&stretch(90, 0), Beginning::Empty), None);
}

#[test]
fn long_ramps_are_thinned_and_lose_nothing() {
    let bins: Vec<Bin> = (0..1_501).map(|at| bin(at % 1_000)).collect();
    let thin = thinned(&bins);
    assert_eq!(thin.len(), 501);
    assert_eq!(thin.iter().map(|bin| bin.hits).sum::<u64>(), Bin::sum(&bins).hits);
    assert_eq!((thin[2].reads_before, thin[500].reads), (6_000, 1_000));
    assert!((thin[500].at_s - 150.0).abs() < 1e-9);
}

#[test]
fn uniform_reads_of_n_rows_reach_a_share_after_minus_n_times_the_logarithm_of_the_rest() {
    const ROWS: usize = 4_000;
    const PER_BIN: usize = 200;
    const TRIALS: u64 = 30;
    let (mut halves, mut tenths, mut excess) = (Vec::new(), Vec::new(), Vec::new());
    for trial in 0..TRIALS {
        let mut held = vec![false; ROWS];
        let mut reads = ReadBins::default();
        let mut loads = Vec::new();
        // The hit rate after n reads is 1 - (1 - 1/N)^n; the last third lacks less than one in a million.
        for at in 0..30 * ROWS / PER_BIN {
            let mut random = Random::new(trial, Stream::Operation, at as u64);
            let mut hits = 0;
            for _ in 0..PER_BIN {
                let row = random.below(ROWS as u64) as usize;
                hits += u64::from(std::mem::replace(&mut held[row], true));
            }
            let counts = BinCounts { reads: PER_BIN as u32, hits: hits as u32, ..BinCounts::default() };
            reads.record(at as u64 * 100_000_000, counts);
            loads.push(PER_BIN as u64 - hits);
        }
        let ramp = Ramp::of(&reads.with_loads(&loads), Beginning::Empty).unwrap();
        halves.push(ramp.to_50.unwrap().reads);
        tenths.push(ramp.to_90.unwrap().reads);
        excess.push(ramp.excess_loads);
    }
    let rows = ROWS as f64;
    // Of one trial: the chance in a hit rate of three bins, by the slope of the curve there.
    let chance = |rest: f64| (rest * (1.0 - rest) / (3.0 * PER_BIN as f64)).sqrt() / (rest / rows);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / TRIALS as f64;
    let error = (TRIALS as f64).sqrt().recip();
    let (half, tenth) = (mean(&halves), mean(&tenths));
    // The first of many stretches to be there is early, by less than the chance in one of them.
    let expected = |rest: f64| -rows * f64::ln(rest);
    for (seen, rest) in [(half, 0.5), (tenth, 0.1)] {
        let (wanted, chance) = (expected(rest), chance(rest));
        assert!(
            (seen - wanted).abs() < chance * (0.5 + 3.0 * error),
            "{seen} instead of {wanted} ± {chance}"
        );
    }
    // Every row is loaded once, and 1 % of them after the end of the ramp.
    assert!((mean(&excess) - 0.99 * rows).abs() < 0.01 * rows, "{}", mean(&excess));
}

#[test]
fn after_a_fault_the_way_back_leads_to_what_was_usual_before_and_ends_with_the_next() {
    let fault = |effect: Effect, at: f64| FaultRecord {
        effect,
        began_s: Some(at),
        recovery: Some(Recovery::default()),
        ..FaultRecord::default()
    };
    // Empty at 10 s, back at 12 s; at 20 s a quarter is gone; a pause takes nothing.
    let bins =
        [stretch(100, 900), stretch(20, 0), stretch(80, 900), stretch(30, 675), stretch(70, 900)].concat();
    let mut faults = [
        fault(Effect::Emptied, 10.0),
        fault(Effect::Emptied, 20.0),
        fault(Effect::None, 26.0),
        fault(Effect::None, 28.0),
        FaultRecord::default(),
    ];
    ramp_again(&bins, &mut faults);
    let ramps: Vec<Option<Ramp>> =
        faults.iter().map(|fault| fault.recovery.as_ref().and_then(|it| it.ramp.clone())).collect();
    let (flush, scale_out) = (ramps[0].as_ref().unwrap(), ramps[1].as_ref().unwrap());
    assert_eq!((flush.steady_hit_rate, flush.bins.len(), flush.began), (0.9, 100, Beginning::Emptied));
    let seconds = flush.to_90.unwrap().seconds;
    assert!((1.9..=2.3).contains(&seconds), "{seconds}");
    assert_eq!(flush.peak_loads_per_s, Some(10_000.0));
    assert_eq!((scale_out.to_50, scale_out.bins.len()), (Some(Reached::default()), 60));
    assert!((2.8..=3.2).contains(&scale_out.to_90.unwrap().seconds), "{scale_out:?}");
    assert_eq!(ramps[2..], [None, None, None]);
}
