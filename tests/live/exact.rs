use serde_json::Value as Json;

use super::bench::Bench;

const WORKLOAD: &str = r#"
name = "exact"
mitigation = "xfetch"
[data]
rows = 500
[traffic]
mix = { read = 80, write = 10, multi-read = 10 }
load = { open = { rate = 500 } }
duration = "10s"
[app]
instances = 2
[cache]
ttl = "5s"
"#;

const OPERATIONS: [&str; 3] = ["--exact", "--operations", "1000"];

fn counts(bench: &Bench, more: &[&str]) -> Json {
    let outcome = bench.run(&[&OPERATIONS, more].concat());
    outcome.ends_with(0);
    let counts = outcome.only().exact().clone();
    assert_eq!(counts["operations"], 1000, "{}", outcome.stdout);
    counts
}

/// A guard that draws and an expiry that comes are the same again; another seed and another TTL are not.
#[test]
fn counts_are_the_same_again_and_follow_from_the_settings() {
    let bench = Bench::new(WORKLOAD);
    let [mut first, mut again] = [(); 2].map(|()| counts(&bench, &[]));
    // An answer that comes in two parts takes a buffer more.
    let allocations = [&mut first, &mut again].map(|counts| counts["allocations"].take().as_f64().unwrap());
    assert!((allocations[0] / allocations[1] - 1.0).abs() < 0.005 && allocations[0] > 1e4, "{allocations:?}");
    assert_eq!(first, again);
    for told in ["cache.bytes_sent", "db.bytes_received", "db.rows_read"] {
        assert!(first[told].as_u64().is_some_and(|count| count > 500), "{told}: {first}");
    }
    assert_ne!(first, counts(&bench, &["--set", "data.seed=7"]));
    let tick = ["--set", "traffic.tick=20ms"];
    let with = |ttl: &str| counts(&bench, &[&tick[..], &["--set", ttl]].concat())["hits"].as_u64();
    let hits = ["cache.ttl=5s", "cache.ttl=2500ms", "cache.ttl=1h"].map(with);
    assert!(hits[1] < hits[0] && hits[0] < hits[2], "{hits:?}");
}

#[test]
fn a_baseline_holds_until_something_changes_and_names_it() {
    let bench = Bench::new(WORKLOAD);
    let save =
        bench.verb(&["baseline", "save"], &["--baseline", "b.json", "--operations", "1000", "--runs", "2"]);
    assert_eq!(save.0, Some(0), "{}", save.2);
    let check =
        |more: &[&str]| bench.verb(&["baseline", "check"], &[&["--baseline", "b.json"], more].concat());
    let (code, stdout, stderr) = check(&[]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("unchanged: ") && stdout.contains("exact counts alike"), "{stdout}");
    let (code, stdout, stderr) = check(&["--set", "cache.ttl=2500ms"]);
    assert_eq!(code, Some(98), "{stdout}{stderr}");
    assert!(stdout.contains("db.reads of cache-aside"), "{stdout}");
    assert!(stderr.contains("if that is right: cachebench baseline save"), "{stderr}");
}

#[test]
fn what_cannot_follow_from_operations_alone_is_left_out_or_refused() {
    let bench = Bench::new(WORKLOAD);
    let compared = "compare.strategy=[\"cache-aside\", \"write-behind\"]";
    let outcome = bench.run(&[&OPERATIONS[..], &["--set", "mitigation=none", "--set", compared]].concat());
    outcome.ends_with(0);
    assert_eq!(outcome.only().strategy(), "cache-aside");
    assert!(outcome.stderr.contains("not counted exactly: write-behind"), "{}", outcome.stderr);
    let outcome = bench.run(&[&OPERATIONS[..], &["--set", "cache.maxmemory=4MB"]].concat());
    outcome.ends_with(2);
    assert!(outcome.stderr.contains("what a server evicts is partly chance"), "{}", outcome.stderr);
}
