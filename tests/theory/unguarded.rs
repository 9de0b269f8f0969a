use cachebench::measure::theory;

use super::run::{Measured, Run, holds};
use crate::ensure;

#[test]
fn without_a_guard_every_reader_of_the_load_loads() {
    holds(|seed| {
        let run = Run { rows: 10, seconds: 8, seed, ..Run::default() };
        let cell = &run.measure()[0];
        let (loads, load_s) = (cell.loads(), cell.window_s());
        let expected = theory::loads_per_expiry(run.reads_per_s, load_s);
        loads.mean_is("none", expected, expected - 1.0)?;
        let half = theory::loads_per_expiry(run.reads_per_s / 2.0, load_s);
        ensure!(
            loads.mean_is("none at half the rate", half, half - 1.0).is_err(),
            "half the rate does as well"
        );
        ensure!(cell.metric("stampede.early_refreshes") == 0.0, "loaded early");
        Ok(())
    });
}

#[test]
fn a_threshold_only_moves_the_stampede_to_before_the_expiry() {
    holds(|seed| {
        let guards = &["{ threshold = { share = 0.4 } }"][..];
        let run =
            Run { rows: 12, reads_per_s: 150.0, seconds: 8, ttl_ms: 500, seed, guards, ..Run::default() };
        let cell = &run.measure()[0];
        let expected = theory::loads_per_expiry(run.reads_per_s, cell.window_s());
        cell.loads().mean_is("threshold", expected, expected - 1.0)?;
        let (hard, lead_ms) =
            (cell.metric("stampede.hard_misses"), cell.metric("stampede.early_lead.mean") / 1e3);
        println!("hard misses {hard}, lead {lead_ms:.1} ms");
        ensure!(hard == 0.0, "{hard} hard misses");
        // The first reader after the threshold comes 7 ms later on average.
        ensure!((180.0..=200.0).contains(&lead_ms), "a lead of {lead_ms} ms");
        Ok(())
    });
}
