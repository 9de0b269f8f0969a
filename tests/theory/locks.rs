use cachebench::measure::theory;

use super::machine;
use super::run::{Measured, Run, holds};
use crate::ensure;

const LOAD_MS: u64 = 240;
const LOCK_MS: u64 = 90;

#[test]
fn a_lock_lets_another_in_as_often_as_it_runs_out_during_a_load() {
    holds(|seed| {
        let guards = &[
            "{ lock = { ttl = \"90ms\", wait = \"2s\" } }",
            "{ lock = { ttl = \"90ms\", wait = \"2s\", release = \"delete\" } }",
        ];
        let run = Run {
            rows: 16,
            reads_per_s: 50.0,
            load_ms: LOAD_MS,
            ttl_ms: 200,
            instances: 2,
            seconds: 9,
            seed,
            guards,
            ..Run::default()
        };
        let expected = theory::loads_per_expiry_lock(LOAD_MS as f64 / 1e3, LOCK_MS as f64 / 1e3);
        for cell in &run.measure() {
            let (loads, lost) = (cell.loads(), cell.metric("guard.lost_locks"));
            let (n, mean, error) = (loads.n(), loads.mean(), loads.standard_error());
            println!(
                "  {mean:.3} loads ± {error:.3}, expected {expected}, n {n}; as expected {:.3}; lost {lost}",
                loads.share(3)
            );
            ensure!(n >= 200.0, "{n} epochs");
            // Who waits looks now and then, 50 ms apart at most: the third has 60 ms for being late.
            ensure!(loads.share(3) >= 0.97, "{:.3} with three", loads.share(3));
            ensure!((mean - expected).abs() <= 0.01 + 3.0 * error, "{mean}, expected {expected} ± {error}");
            // The lock is another's when the first is done, and nobody's when the last is.
            ensure!(lost >= 1.9 * n, "hardly a lock was lost");
        }
        Ok(())
    });
}

#[test]
fn under_a_lock_or_a_lease_that_outlasts_the_load_there_is_exactly_one() {
    holds(|seed| {
        let guards = &[
            "{ lock = { ttl = \"1s\", wait = \"2s\" } }",
            "{ lock = { ttl = \"1s\", wait = \"2s\", waiters = \"notify\" } }",
            "{ lease = { ttl = \"1s\", throttle = \"280ms\", wait = \"2s\" } }",
        ];
        let run = Run {
            rows: 36,
            reads_per_s: 30.0,
            load_ms: LOAD_MS,
            ttl_ms: 200,
            instances: 2,
            seconds: 3,
            guards,
            seed,
            ..Run::default()
        };
        for cell in &run.measure() {
            let (loads, lost) = (cell.loads(), cell.metric("guard.lost_locks"));
            println!(
                "  {} loads, n {}, lost {lost}, waits {}",
                loads.mean(),
                loads.n(),
                cell.metric("guard.joins")
            );
            ensure!(loads.n() >= 200.0 && loads.share(1) == 1.0, "{} loads", loads.mean());
            ensure!(lost == 0.0 && cell.metric("guard.joins") > loads.n(), "{lost} locks lost");
        }
        Ok(())
    });
}

/// Rows that do not exist are never in the cache, so that somebody always wants to load: what holds loads apart is the
/// lock alone. It runs out before the load does, and whoever is done then has none to give back.
#[test]
fn a_lock_is_released_by_nobody_but_its_owner() {
    holds(|seed| {
        let guards = &[
            "{ lock = { ttl = \"90ms\", wait = \"400ms\", then = \"error\" } }",
            "{ lock = { ttl = \"90ms\", wait = \"400ms\", then = \"error\", release = \"delete\" } }",
        ];
        let (seconds, rows) = (3, 8);
        let more = &format!("absent = {{ share = 1, keys = {rows} }}");
        let run = Run {
            rows,
            seconds,
            reads_per_s: 40.0,
            load_ms: LOAD_MS,
            instances: 2,
            guards,
            more,
            seed,
            ..Run::default()
        };
        let [owner, anybody] = &run.measure()[..] else { panic!("there are two cells") };
        // One each time that a lock runs out; those begin too, until the last read has given up, that was under way at the end.
        let most = (rows * (1_000 * seconds + 700) / LOCK_MS) as f64;
        let loads = [owner, anybody].map(|cell| cell.metric("db.reads"));
        let lost = [owner, anybody].map(|cell| cell.metric("guard.lost_locks"));
        println!("loads {loads:?}, at most {most} with locks of their own; lost {lost:?}");
        ensure!(loads[0] <= most && loads[0] >= 0.6 * most, "{loads:?} of {most}");
        ensure!(loads[1] >= 1.3 * most, "{loads:?} of {most}");
        ensure!(lost[0] >= 0.95 * loads[0], "{lost:?}");
        Ok(())
    });
}

#[test]
fn slow_loads_take_a_small_pool_down_unless_they_are_guarded() {
    holds(|seed| {
        let guards = &[
            "\"single-flight\"",
            "{ lock = { ttl = \"5s\", wait = \"3s\" } }",
            "{ lease = { ttl = \"3s\", throttle = \"1s\", wait = \"3s\" } }",
            "\"none\"",
        ];
        let load = Some("{ closed = { clients = 500, think = { exponential = \"1s\" } } }");
        let more = "timeout = \"5s\"";
        let run = Run {
            rows: 8,
            load_ms: 500,
            ttl_ms: 1_500,
            pool: 8,
            seconds: 6,
            guards,
            load,
            more,
            seed,
            seats: machine::alone,
            ..Run::default()
        };
        let cells = run.measure();
        for cell in &cells {
            println!(
                "{}: saturated {:.3}, p99 {:.3} s, loads {:.2} ± {:.2}, n {}, gave up {}",
                cell.label(),
                cell.metric("db.pool_saturated"),
                cell.read_p99_s(),
                cell.loads().mean(),
                cell.loads().standard_error(),
                cell.loads().n(),
                cell.metric("guard.gave_up"),
            );
        }
        let (unguarded, guarded) = cells.split_last().unwrap();
        ensure!(
            unguarded.metric("db.pool_saturated") > 0.5 && unguarded.read_p99_s() > 1.0,
            "the pool was not taken down"
        );
        for cell in guarded {
            ensure!(
                cell.loads().n() >= 16.0 && cell.loads().share(1) == 1.0,
                "{}: {}",
                cell.label(),
                cell.loads().mean()
            );
        }
        Ok(())
    });
}
