use nix::sys::signal::Signal;

use super::bench::Bench;
use super::eventually;

/// Three cells, of which the first two last until their server is killed.
const WORKLOAD: &str = r#"
name = "deaths"
[data]
rows = 200
[traffic]
mix = { read = 90, write = 10 }
load = { closed = { clients = 2 } }
[compare]
"traffic.duration" = ["50s", "40s", "300ms"]
"#;

#[test]
fn a_server_that_dies_fails_its_cell_and_no_other() {
    let bench = Bench::new(WORKLOAD);
    let mut run = bench.start(&[]);
    let first = run.busy_redis(1);
    first.kill();
    run.busy_redis(first.number());
    bench.processes().into_iter().find(|process| process.is_postmaster()).unwrap().kill();
    let outcome = run.end();
    outcome.ends_with(4);
    let all = outcome.measurements();
    let statuses: Vec<_> = all.iter().map(|one| one.status()).collect();
    assert_eq!(statuses, ["failed", "failed", "valid"]);
    assert!(all[0].reasons()[0].starts_with("redis-server ended"), "{:?}", all[0].reasons());
    assert!(all[1].reasons()[0].starts_with("postgres ended"), "{:?}", all[1].reasons());
    assert!(all[2].accounted() > 0);
    assert!(outcome.stdout.contains("2 failed"), "{}", outcome.stdout);
    assert!(bench.processes().is_empty() && bench.run_folders().is_empty());
}

#[test]
fn a_server_that_died_before_the_measurement_fails_a_short_one_too() {
    let bench = Bench::new(&WORKLOAD.replace(
        "\"traffic.duration\" = [\"50s\", \"40s\", \"300ms\"]",
        "\"traffic.warmup\" = [\"50s\", \"0s\"]",
    ));
    let mut run = bench.start(&["--set", "traffic.operations=200"]);
    run.busy_redis(1).kill();
    let outcome = run.end();
    outcome.ends_with(4);
    let all = outcome.measurements();
    assert_eq!([all[0].status(), all[1].status()], ["failed", "valid"]);
    assert!(all[0].reasons()[0].starts_with("redis-server ended"), "{:?}", all[0].reasons());
}

#[test]
fn a_tool_that_is_killed_takes_its_servers_along_and_the_next_run_clears_up() {
    let bench = Bench::new(WORKLOAD);
    let run = bench.start(&[]);
    eventually("a server is being made", || bench.processes().pop());
    run.signal(Signal::SIGKILL);
    run.end();
    eventually("what made the server is gone", || bench.processes().is_empty().then_some(()));

    let mut run = bench.start(&[]);
    run.busy_redis(1);
    assert!(bench.processes().iter().any(|process| process.is_postmaster()));
    run.signal(Signal::SIGKILL);
    let killed = run.end();
    assert_eq!(killed.code, None);
    eventually("both servers are gone", || bench.processes().is_empty().then_some(()));
    let left = bench.run_folders();
    assert_eq!(left.len(), 1, "the second run has removed the folder of the first");

    let next = bench.run(&["--set", "compare={}", "--set", "traffic.operations=100"]);
    next.ends_with(0);
    assert!(!left[0].exists() && bench.run_folders().is_empty());
}
