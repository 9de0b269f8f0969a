use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::bench::{Bench, Run};
use super::eventually;
use super::outcome::Outcome;

const WORKLOAD: &str = r#"
name = "long"
[data]
rows = 200
[traffic]
mix = { read = 90, write = 10 }
load = { closed = { clients = 2 } }
duration = "50s"
[compare]
strategy = ["cache-aside", "write-behind"]
"#;

/// Interrupts a run, and holds how it has to end: soon, in order, with what there is.
fn interrupted(run: Run) -> Outcome {
    let bench = run.bench;
    let since = Instant::now();
    run.signal(Signal::SIGINT);
    let outcome = run.end();
    let took = since.elapsed();
    outcome.ends_with(130);
    // Two seconds are meant, on a machine that may be busy; whoever waits for the load takes fifty.
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert_eq!(outcome.result["interrupted"], true);
    assert!(outcome.stdout.contains("interrupted: "), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("results: "), "{}", outcome.stderr);
    assert!(bench.processes().is_empty(), "{:?}", bench.processes());
    assert!(bench.run_folders().is_empty());
    outcome
}

#[test]
fn an_interrupt_while_measuring_leaves_a_part_that_says_so() {
    let bench = Bench::new(WORKLOAD);
    let mut run = bench.start(&[]);
    run.busy_redis(1);
    let outcome = interrupted(run);
    let part = outcome.only();
    assert_eq!((part.strategy(), part.status()), ("cache-aside", "interrupted"));
    assert!(part.accounted() > 0 && part.seconds() < 50.0);
    assert!(outcome.stdout.contains("0 of 1 started measurements are complete"), "{}", outcome.stdout);
}

#[test]
fn an_interrupt_while_rows_are_loaded_ahead_does_not_wait_for_them() {
    let bench = Bench::new(WORKLOAD);
    let mut run = bench.start(&["--set", "cache.prewarm={ top = { keys = 200, rate = 4 } }"]);
    run.busy_redis(0);
    let outcome = interrupted(run);
    assert!(outcome.measurements().is_empty());
}

#[test]
fn an_interrupt_keeps_what_was_measured_before() {
    let bench = Bench::new(&WORKLOAD.replace("duration = \"50s\"", "operations = 3_000"));
    let mut run =
        bench.start(&["--set", "compare.strategy=['direct', 'cache-aside']", "--set", "compare.repeat=99"]);
    // The first cell has no cache to fill: its server's successor shows that it is done.
    run.busy_redis(2);
    let outcome = interrupted(run);
    let first = &outcome.measurements()[0];
    assert_eq!((first.strategy(), first.status(), first.accounted()), ("direct", "valid", 3_000));
}

#[test]
fn an_interrupt_while_servers_start_or_rows_are_seeded_leaves_nothing_running() {
    let bench = Bench::new(WORKLOAD);
    let run = bench.start(&[]);
    eventually("a server is being made", || bench.processes().pop());
    let outcome = interrupted(run);
    assert!(outcome.measurements().is_empty());

    let run = bench.start(&["--set", "data.rows=5_000_000"]);
    eventually("rows are being seeded", || bench.processes().into_iter().find(|process| process.copies()));
    let outcome = interrupted(run);
    assert!(outcome.measurements().is_empty());
}
