use super::bench::Bench;
use super::nodes::{by_cell, number};

/// Reads and writes of two instances over a cluster of three masters with a replica each, by either driver.
fn workload(cache: &str, fault: &str) -> String {
    format!(
        "name = \"cluster\"\n[data]\nrows = 4_000\n[traffic]\nmix = {{ read = 70, write = 25, multi-read = 5 }}\n\
         keys = {{ zipfian = {{ exponent = 0.99 }} }}\nload = {{ open = {{ rate = 800 }} }}\ntimeout = \"2s\"\n\
         [app]\ninstances = 2\n[cache]\ncluster = {{ masters = 3, replicas = 1, node_timeout = \"1s\" }}\n{cache}\n\
         [[fault]]\nat = \"2s\"\n{fault}\n[compare]\n\"cache.driver\" = [\"redis\", \"fred\"]\n"
    )
}

#[test]
fn both_drivers_find_the_replica_of_a_master_that_was_killed_and_what_it_had_not_sent_on_is_told() {
    let outcome = Bench::new(&workload("", "kill = { node = 0 }")).run(&[
        "--set",
        "traffic.duration=10s",
        "--set",
        "strategy=write-behind",
    ]);
    outcome.ends_with(0);
    for (cell, (one, fault)) in by_cell(&outcome).into_iter().enumerate() {
        let label = ["redis", "fred"][cell];
        let recovery = &fault["recovery"];
        let bypassed_s = number(recovery, "bypassed_s");
        let failures = outcome.by_window(cell, "failures");
        let lost = one.metric("lost_writes");
        println!(
            "{label}: no cache for {bypassed_s:.2} s, {} errors, {lost} acknowledged writes lost, {} stale reads",
            number(recovery, "errors"),
            number(&recovery["stale_reads"], "count"),
        );
        assert_eq!((one.status(), one.reasons()), ("valid", vec![]), "{label}");
        // The others hold the master to have failed after a second, and its replica asks for votes then.
        assert!((0.5..8.0).contains(&bypassed_s), "{label}: {bypassed_s}");
        assert_eq!(failures[8..], vec![0.0; failures.len() - 8], "{label}: {failures:?}");
        // What the master had sent on is not lost: at most what no database had when it was killed.
        assert!(lost <= number(&fault["unflushed"], "writes"), "{label}: {lost}");
        assert_eq!(outcome.nodes(cell).len(), 6);
    }
}

#[test]
fn slots_that_move_under_load_send_clients_on_and_every_request_is_counted_on_both_sides() {
    let reshard = workload("preload = true", "reshard = { slots = 400, from = 0, to = 1 }");
    let outcome = Bench::new(&reshard).run(&["--set", "traffic.duration=6s"]);
    outcome.ends_with(0);
    for (cell, (one, fault)) in by_cell(&outcome).into_iter().enumerate() {
        let driver = ["redis", "fred"][cell];
        let (moved, asked) = (one.metric("nodes.moved"), one.metric("nodes.asked"));
        println!(
            "{driver}: {moved} MOVED, {asked} ASK while 400 slots moved in {} s",
            number(fault, "ended_s")
        );
        assert_eq!((one.status(), one.reasons(), fault.get("problem")), ("valid", vec![], None), "{driver}");
        assert!(moved > 0.0, "{driver} was sent on");
        assert_eq!(one.metric("failures"), 0.0, "{driver}");
        let checks = outcome.result["cells"][cell]["repeats"][0]["checks"].as_array().unwrap();
        let of_the_cache = checks.iter().filter(|check| check["what"].as_str().unwrap().starts_with("cache"));
        assert!(of_the_cache.count() >= 3, "{driver}: {checks:?}");
        // Each node has a third of the slots, less or more what moved.
        let keys = |node: usize| number(&outcome.nodes(cell)[node], "keys");
        assert!(keys(1) > keys(2) && keys(2) > keys(0), "{driver}: {:?}", [0, 1, 2].map(keys));
    }
}
