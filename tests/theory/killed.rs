use super::run::{Measured, Run, holds};
use crate::ensure;

/// Every 1.2 s one of two instances is killed, in the middle of the loads of some rows.
#[test]
fn a_killed_holder_costs_one_load_more_and_the_others_its_lock() {
    holds(|seed| {
        let (load_ms, lock_ms, rows) = (200, 400, 16);
        let kill = |number: u64| {
            format!(
                "[[fault]]\nat = \"{}ms\"\nkill = {{ instance = 0 }}\nlasts = \"100ms\"\n",
                1_200 * number
            )
        };
        let more = &(1..=6).map(kill).collect::<String>();
        let guard = format!("{{ lock = {{ ttl = \"{lock_ms}ms\", wait = \"5s\" }} }}");
        let guards = &[guard.as_str()][..];
        let run = Run {
            rows,
            reads_per_s: 50.0,
            load_ms,
            ttl_ms: 200,
            instances: 2,
            seconds: 8,
            guards,
            more,
            seed,
            ..Run::default()
        };
        let cell = &run.measure()[0];
        let loads = cell.loads();
        let all = loads.mean() * loads.n();
        let (abandoned, fills) = (cell.metric("stampede.abandoned_loads"), cell.metric("cache.fills"));
        let wait_ms = cell.metric("guard.wait.max") / 1e3;
        println!(
            "{all} loads of {} epochs, {abandoned} abandoned, {fills} fills, at most {} loads; longest wait {wait_ms} ms; \
         of two {}, gave up {}, lost {}",
            loads.n(),
            cell.metric("stampede.loads_per_expiry.max"),
            loads.share(2) * loads.n(),
            cell.metric("guard.gave_up"),
            cell.metric("guard.lost_locks"),
        );
        ensure!(loads.n() >= 200.0 && abandoned >= 6.0, "{} epochs, {abandoned} abandoned", loads.n());
        // Every load is the one that fills, or one whose holder was killed. Expiries under way at either end do not count.
        ensure!(
            (all - fills - abandoned).abs() <= rows as f64,
            "{all} loads, {fills} fills, {abandoned} abandoned"
        );
        let most = cell.metric("stampede.loads_per_expiry.max");
        ensure!(most <= 2.0, "{most} loads of one expiry");
        // Who waits looks each 50 ms at least: for the lock, and then for the entry.
        let most_ms = (lock_ms + load_ms + 2 * 50) as f64;
        ensure!((lock_ms as f64..most_ms + 100.0).contains(&wait_ms), "{wait_ms} ms");
        Ok(())
    });
}
