use serde_json::Value as Json;

use super::bench::Bench;

/// Two connections that each hold a statement for 5 ms: at most 400 reads a second.
const WORKLOAD: &str = r#"
name = "capacity"
strategy = "direct"
[data]
rows = 200
[traffic]
keys = "uniform"
load = { open = { rate = 150 } }
duration = "1s"
[database]
pool = 2
query = { sleep = "5ms" }
"#;

fn capacity(result: &Json) -> &Json {
    &result["cells"][0]["capacity"]
}

/// Whether the machine was taken from us, so that no trial was one.
fn was_disturbed(capacity: &Json) -> bool {
    let disturbed = capacity["ended"] == "no-valid-trial";
    if disturbed {
        println!("skipped: no trial was undisturbed: {capacity}");
    }
    disturbed
}

#[test]
fn the_capacity_of_a_pool_is_found() {
    let bench = Bench::alone(WORKLOAD);
    // Half of the reads wait less than four times as long as a statement takes, until the pool is nearly full.
    let outcome = bench.run(&["--find-max", "read.response.p50 < 20ms", "--find-max", "failures == 0"]);
    let capacity = capacity(&outcome.result);
    if was_disturbed(capacity) {
        return;
    }
    outcome.ends_with(0);
    assert_eq!(capacity["ended"], "found", "{capacity}");
    let rate = capacity["max_rate"].as_f64().unwrap();
    // Nobody gets more out of it than 400 a second; a machine that is busy with other things gives less.
    assert!((100.0..=400.0).contains(&rate), "{rate}");
    let trials = capacity["trials"].as_array().unwrap();
    let failed = trials.iter().filter(|trial| trial["held"] == false);
    assert!(failed.clone().count() >= 1 && failed.clone().all(|trial| trial["reasons"][0].is_string()));
    let confirmed = outcome.measurements();
    assert!(confirmed.len() >= 2);
    assert!(confirmed.iter().all(|one| one.metric("read.response.p50") < 20_000.0));
    assert!(outcome.stdout.contains("max rate") && outcome.stdout.contains("fails at"), "{}", outcome.stdout);
}

#[test]
fn what_never_holds_has_no_rate() {
    let bench = Bench::alone(WORKLOAD);
    let rate = "traffic.load={ open = { rate = 100 } }";
    // A statement alone takes 5 ms. Few operations, so that trials are short at low rates too.
    let arguments =
        ["--find-max", "read.response.p50 < 1ms", "--set", rate, "--set", "traffic.duration=200ms"];
    let outcome = bench.run(&arguments);
    let capacity = capacity(&outcome.result);
    if was_disturbed(capacity) {
        return;
    }
    outcome.ends_with(99);
    assert_eq!((&capacity["ended"], &capacity["max_rate"]), (&Json::from("no-rate"), &Json::Null));
    assert!(outcome.measurements().is_empty());
    assert!(outcome.stdout.contains("no rate holds it"), "{}", outcome.stdout);
}

#[test]
fn a_search_needs_a_rate_to_start_from_and_a_metric_that_exists() {
    let bench = Bench::new(WORKLOAD);
    for (arguments, words) in [
        (["--find-max", "read.respons.p99 < 5ms"].as_slice(), "did you mean `read.response.p99`?"),
        (&["--find-max", "read.response.p99 < 5"], "write 250us, 5ms or 1s"),
        (
            &[
                "--find-max",
                "read.response.p99 < 5ms",
                "--set",
                "fault=[{ at = \"1ms\", flush = \"cache\" }]",
            ],
            "leave them out: --set fault=[]",
        ),
        (
            &["--find-max", "read.response.p99 < 5ms", "--set", "traffic.load={ closed = { clients = 2 } }"],
            "a closed load",
        ),
    ] {
        let outcome = bench.run(arguments);
        assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(words) && outcome.folder.is_none(), "{}", outcome.stderr);
    }
}
