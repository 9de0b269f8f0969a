//! Closed forms as oracles: what a run measures, against what must come out.

#![allow(clippy::unwrap_used, reason = "a failed step fails its test")]

use std::path::Path;

use cachebench::config;
use cachebench::engine::Stop;
use cachebench::experiment::{self, Event, Observer, Permissions};
use cachebench::measure::Summary;
use cachebench::measure::theory::{hit_rate_with_ttl, hit_rate_with_ttl_and_deletes, standard_error};

struct Unobserved;

impl Observer for Unobserved {
    fn event(&self, _: &Event) {}
}

const ROWS: f64 = 100.0;

/// Runs cache-aside under Poisson load over uniform keys, once for each strategy and pair of rates per key.
fn run(strategy: &str, rates: &[(f64, f64)]) -> Vec<Summary> {
    let one = |&(reads, writes): &(f64, f64)| {
        let text = format!(
            "name = \"theory\"\nstrategy = \"{strategy}\"\n[data]\nrows = {ROWS}\n[traffic]\nkeys = \"uniform\"\n\
             mix = {{ read = {reads}, write = {writes} }}\nload = {{ open = {{ rate = {} }} }}\nwarmup = \"3s\"\n\
             duration = \"8s\"\n[cache]\nttl = \"1s\"\n",
            ROWS * (reads + writes)
        );
        let loaded = config::load(Path::new("theory.toml"), text, &[]).unwrap();
        experiment::run(&loaded, Permissions::default(), &Unobserved, &Stop::default()).unwrap()
    };
    rates.iter().map(one).collect()
}

/// Asserts that the measured hit rate lies within three standard errors of the closed form.
///
/// The standard error is that of independent reads. Misses come in more regular intervals than that, so the
/// true one is smaller; the rest leaves room for what the closed form leaves out: the load takes time.
fn assert_hit_rate(summary: &Summary, expected: f64, wrong: f64) {
    let cell = &summary.cells[0];
    let (measured, reads) = (cell.median("hit_rate").unwrap(), cell.median("read.count").unwrap());
    let error = standard_error(expected, reads);
    println!("measured {measured:.4}, expected {expected:.4} ± {error:.4}, {reads} reads");
    assert!(
        (measured - expected).abs() <= 3.0 * error,
        "measured {measured:.4}, expected {expected:.4} ± {error:.4} over {reads} reads"
    );
    assert!((wrong - expected).abs() > 6.0 * error, "the run is too short to tell {wrong} from {expected}");
}

#[test]
fn hit_rates_under_a_ttl_follow_their_closed_forms() {
    let rates = [(10.0, 0.0), (5.0, 0.0)];
    for (summary, (reads, _)) in run("write-around", &rates).iter().zip(rates) {
        let expected = hit_rate_with_ttl(reads, 1.0);
        assert_hit_rate(summary, expected, hit_rate_with_ttl(reads, 0.7));
    }
    let rates = [(10.0, 1.0), (10.0, 5.0)];
    for (summary, (reads, writes)) in run("cache-aside", &rates).iter().zip(rates) {
        let expected = hit_rate_with_ttl_and_deletes(reads, writes, 1.0);
        assert_hit_rate(summary, expected, hit_rate_with_ttl(reads, 1.0));
    }
    // Write-around leaves entries alone: the same writes must not cost hits.
    for summary in run("write-around", &[(10.0, 5.0)]) {
        let without_deletes = hit_rate_with_ttl(10.0, 1.0);
        assert_hit_rate(&summary, without_deletes, hit_rate_with_ttl_and_deletes(10.0, 5.0, 1.0));
    }
}
