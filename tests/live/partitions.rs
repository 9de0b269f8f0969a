use super::bench::Bench;
use super::nodes::{by_cell, workload};

#[test]
fn a_node_that_cannot_be_reached_is_passed_by_for_a_bounded_time() {
    let rest = "[cache]\nnodes = 3\npreload = true\nbreaker = { timeout = \"500ms\" }\n\
        [[fault]]\nat = \"2300ms\"\npartition = { node = 1 }\nlasts = \"1500ms\"\n";
    let outcome = Bench::new(&workload(5_000, rest)).run(&["--set", "traffic.duration=7s"]);
    outcome.ends_with(0);
    let (one, fault) = by_cell(&outcome).remove(0);
    assert_eq!((one.status(), one.reasons(), fault.get("problem")), ("valid", vec![], None));
    let bypassed_s = fault["recovery"]["bypassed_s"].as_f64().unwrap();
    let fallbacks = outcome.by_window(0, "read.fallback.count");
    println!(
        "partition of a node: passed by for {bypassed_s:.2} s, {fallbacks:?} reads by second fell back, {} failed, the \
         circuit opened {} times",
        one.metric("failures"),
        one.metric("breaker.opened"),
    );
    // A circuit that opened at its end is tried a second later.
    assert!((1.0..=1.5 + 0.5 + 1.0 + 1.0).contains(&bypassed_s), "{bypassed_s}");
    // A machine that stands still for longer than the breaker waits has a few at other times.
    let others = fallbacks[0] + fallbacks[1] + fallbacks[6];
    assert!(others < 0.2 * fallbacks.iter().sum::<f64>(), "{fallbacks:?}");
    assert_eq!(one.metric("failures"), 0.0, "the database answers meanwhile");
    assert!(one.metric("breaker.opened") > 0.0 && one.metric("breaker.refused") > 0.0);
    // It still has what it had: nothing is missed afterwards.
    assert_eq!(one.account("read.miss"), 0, "{:?}", one.accounts());
}

#[test]
fn while_the_database_cannot_be_reached_reads_that_miss_wait_and_fail_and_hits_go_on() {
    let rest = "[cache]\nttl = \"2s\"\n[database]\npool = 32\n\
        [[fault]]\nat = \"2300ms\"\npartition = \"database\"\nlasts = \"1500ms\"\n";
    let bench = Bench::new(&workload(2_000, rest));
    let load = "traffic.load.open={ rate = 600, in_flight = 600 }";
    let set = ["--set", "traffic.duration=7s", "--set", "traffic.timeout=1s", "--set", load];
    let outcome = bench.run(&set);
    outcome.ends_with(0);
    let (one, fault) = by_cell(&outcome).remove(0);
    assert_eq!((one.status(), one.reasons(), fault.get("problem")), ("valid", vec![], None));
    let failures = outcome.by_window(0, "failures");
    let hits = outcome.by_window(0, "read.hit.count");
    let failed_s = fault["recovery"]["failed_s"].as_f64().unwrap();
    println!(
        "partition of the database: failed until {failed_s:.2} s, by second {failures:?}, hits {hits:?}"
    );
    assert!(one.account("read.failed.timeout") > 0, "{:?}", one.accounts());
    assert!((0.9..=4.0).contains(&failed_s), "{failed_s}");
    let others = failures[0] + failures[1] + failures[6];
    assert!(others < 0.2 * failures.iter().sum::<f64>(), "{failures:?}");
    assert!(hits[..7].iter().all(|hits| *hits > 0.0), "{hits:?}");
}
