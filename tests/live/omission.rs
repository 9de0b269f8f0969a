use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::bench::Bench;

/// Coordinated omission: a load generator that waits for a stalled server forgets the operations that should have
/// started meanwhile. Here they keep their times, so a pause of a second shows in the response times of a second's
/// worth of operations; the service times, kept beside, show what would have been reported without.
#[test]
fn a_pause_is_felt_by_every_operation_that_was_due_meanwhile() {
    let bench = Bench::alone(
        "name = \"pause\"\n[data]\nrows = 1_000\n[traffic]\nkeys = \"uniform\"\ntimeout = \"8s\"\n\
         load = { open = { rate = 3_000, in_flight = 64 } }\nduration = \"6s\"\n",
    );
    let mut run = bench.start(&[]);
    let redis = run.busy_redis(0);
    redis.signal(Signal::SIGSTOP);
    let paused = Instant::now();
    // Not to let something happen, but to be what happens.
    std::thread::sleep(Duration::from_secs(1));
    redis.signal(Signal::SIGCONT);
    let pause_us = paused.elapsed().as_secs_f64() * 1e6;
    let outcome = run.end();
    outcome.ends_with(4);
    let one = outcome.only();
    assert!(!one.reasons().is_empty(), "a schedule with a hole of a second was not kept");

    let metric = |name: &str| one.metric(name);
    assert!(metric("read.response.max") > 0.9 * pause_us, "{}", metric("read.response.max"));
    // A sixth of the operations were due during the pause, so 5 % of all waited for most of it.
    assert!(metric("read.response.p95") > 0.4 * pause_us, "{}", metric("read.response.p95"));
    assert!(metric("read.response.p99") > 0.7 * pause_us, "{}", metric("read.response.p99"));
    // What was in flight when the pause began is a fifth of a percent of all.
    assert!(metric("read.service.max") > 0.9 * pause_us, "{}", metric("read.service.max"));
    assert!(metric("read.service.p99") < 0.4 * pause_us, "{}", metric("read.service.p99"));
    assert_eq!(metric("operations"), metric("scheduled"), "nothing was dropped");
}
