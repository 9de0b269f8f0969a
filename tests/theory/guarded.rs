use cachebench::measure::theory;

use super::run::{Measured, Run, holds};
use crate::ensure;

#[test]
fn single_flight_loads_once_in_each_instance_that_is_asked() {
    holds(|seed| {
        let guards = &["\"single-flight\""][..];
        let run = Run {
            rows: 20,
            reads_per_s: 100.0,
            load_ms: 40,
            ttl_ms: 300,
            instances: 4,
            seconds: 8,
            seed,
            guards,
            ..Run::default()
        };
        let cell = &run.measure()[0];
        let load_s = cell.window_s();
        let expected = theory::loads_per_expiry_single_flight(run.reads_per_s, load_s, run.instances);
        // Each of the others is asked or not.
        let unasked = (-run.reads_per_s * load_s / 4.0).exp();
        cell.loads().mean_is("single-flight over 4", expected, 3.0 * unasked * (1.0 - unasked))?;
        ensure!(4.0 - expected > 0.5, "{expected} cannot be told from an instance each");
        Ok(())
    });
}

/// The share of expiries that a guard in the process lets load once: all but those of a reader whose look-up is answered
/// in the moment in which the load is done, so that there is nothing left to join.
const ONCE: f64 = 0.99;

#[test]
fn single_flight_in_one_instance_loads_once() {
    holds(|seed| {
        let guards = &["\"single-flight\""][..];
        let cell = &Run { seconds: 4, rows: 20, ttl_ms: 200, seed, guards, ..Run::default() }.measure()[0];
        let (loads, joins) = (cell.loads(), cell.metric("guard.joins"));
        println!("single-flight over 1: {:.4} loads, n {}, joins {joins}", loads.mean(), loads.n());
        ensure!(loads.n() >= 200.0, "{} epochs", loads.n());
        ensure!(loads.share(1) >= ONCE, "{} loads", loads.mean());
        ensure!(joins > loads.n(), "hardly anybody had to wait");
        Ok(())
    });
}

#[test]
fn stale_while_revalidate_keeps_readers_from_waiting_and_its_guard_the_database_from_loads() {
    holds(|seed| {
        let guards = &[
            "{ stale-while-revalidate = { stale = \"2s\", guard = \"none\" } }",
            "{ stale-while-revalidate = { stale = \"2s\" } }",
            "\"none\"",
        ];
        let run = Run { seed, seconds: 5, rows: 18, reads_per_s: 100.0, guards, ..Run::default() };
        let cells = run.measure();
        let expected = theory::loads_per_expiry(run.reads_per_s, cells[0].window_s());
        cells[0].loads().mean_is("stale, unguarded", expected, expected - 1.0)?;
        let once = cells[1].loads();
        println!("stale, guarded: {} loads, n {}", once.mean(), once.n());
        ensure!(once.share(1) >= ONCE, "{} loads", once.mean());
        ensure!(once.n() >= 200.0, "{} epochs", once.n());
        let waits = [0, 1, 2].map(|cell| cells[cell].metric("read.miss.count"));
        println!("reads that waited for a load: {waits:?}");
        ensure!(waits[..2] == [0.0, 0.0] && waits[2] > 200.0, "{waits:?}");
        ensure!(cells[1].metric("guard.stale_served") > 200.0, "nothing stale was served");
        Ok(())
    });
}
