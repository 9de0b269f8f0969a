use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value as Json;

use super::bench::Bench;
use super::eventually;
use super::outcome::Outcome;

/// Eight seconds of a steady load over two instances.
const WORKLOAD: &str = r#"
name = "faults"
[data]
rows = 500
[traffic]
mix = { read = 90, write = 10 }
load = { open = { rate = 400, in_flight = 64 } }
timeout = "400ms"
warmup = "1s"
duration = "8s"
[app]
instances = 2
"#;

/// All within a second, not at its edge: an operation belongs to the second in which it was due, and one that was due
/// just before may be under way when a server is killed.
const FAULTS: &str = r#"
[[fault]]
at = "2400ms"
kill = "cache"
lasts = "300ms"
[[fault]]
at = "3500ms"
pause = "database"
lasts = "500ms"
[[fault]]
at = "5400ms"
kill = { instance = 1 }
lasts = "200ms"
[[fault]]
at = "6400ms"
flush = "cache"
"#;

impl Outcome {
    fn faults(&self, cell: usize) -> Vec<Json> {
        let repeat = &self.result["cells"][cell]["repeats"][0];
        repeat["faults"].as_array().cloned().unwrap_or_default()
    }

    /// Failures by window.
    fn failures(&self) -> Vec<f64> {
        let windows = self.result["cells"][0]["repeats"][0]["windows"].as_array().unwrap();
        windows.iter().map(|window| window["metrics"]["failures"]["value"].as_f64().unwrap()).collect()
    }
}

fn seconds(fault: &Json, name: &str) -> Option<f64> {
    fault[name].as_f64()
}

#[test]
fn what_the_file_says_is_done_and_every_operation_is_accounted_for() {
    let bench = Bench::new(&format!("{WORKLOAD}{FAULTS}[compare]\nstrategy = [\"write-behind\"]\n"));
    let outcome = bench.run(&[]);
    outcome.ends_with(0);
    let one = outcome.only();
    assert_eq!((one.status(), one.reasons()), ("valid", vec![]));
    assert_eq!(one.accounted() as f64, one.metric("operations"));
    assert_eq!(one.metric("operations"), one.metric("scheduled"));
    let faults = outcome.faults(0);
    let whats: Vec<_> = faults.iter().map(|fault| fault["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["kill cache", "pause database", "kill instance 1", "flush cache"]);
    for (fault, least) in faults.iter().zip([0.3, 0.5, 0.2]) {
        assert_eq!(fault.get("problem"), None, "{fault}");
        let lasted = seconds(fault, "ended_s").unwrap() - seconds(fault, "began_s").unwrap();
        assert!(lasted >= least, "{fault}");
        assert!(seconds(fault, "began_s").unwrap() >= seconds(fault, "at_s").unwrap(), "{fault}");
    }
    assert_eq!(seconds(&faults[3], "ended_s"), None);
    assert!(one.account("write.failed.unavailable") > 0, "writes go to the cache, which was down");
    assert!(faults[0]["recovery"]["errors"].as_f64().unwrap() > 0.0, "{}", faults[0]);
    let failures = outcome.failures();
    assert_eq!(failures[..2].iter().sum::<f64>(), 0.0, "{failures:?}");
    assert!(failures[2] > 0.0, "{failures:?}");
    assert_eq!(failures[7], 0.0, "{failures:?}");
    let unchecked = outcome.result["cells"][0]["repeats"][0]["unchecked"].to_string();
    assert!(unchecked.contains("the cache's counts") && !unchecked.contains("database"), "{unchecked}");
    for told in ["fault: kill cache at", "fault: kill cache: over after", "fault: flush cache at"] {
        assert!(outcome.stderr.contains(told), "{told}: {}", outcome.stderr);
    }
    assert!(outcome.stdout.contains("DB load"), "{}", outcome.stdout);
    assert!(bench.processes().is_empty());
}

#[test]
fn without_faults_there_are_no_records_and_no_failures() {
    let outcome = Bench::new(WORKLOAD).run(&["--set", "traffic.duration=2s"]);
    outcome.ends_with(0);
    assert_eq!(outcome.faults(0), [Json::Null; 0]);
    assert_eq!(outcome.only().metric("failures"), 0.0);
    assert!(!outcome.stdout.contains("fault"), "{}", outcome.stdout);
}

#[test]
fn a_database_that_was_killed_is_recovered_and_the_next_cell_has_a_new_one() {
    let faults = "[[fault]]\nat = \"1s\"\nkill = \"database\"\nlasts = \"300ms\"\n\
        [[fault]]\nat = \"3s\"\nkill = \"cache\"\n[compare]\nstrategy = [\"direct\", \"cache-aside\"]\n";
    let bench = Bench::new(&format!("{WORKLOAD}{faults}"));
    let outcome = bench.run(&["--set", "traffic.duration=4s"]);
    outcome.ends_with(0);
    for (cell, one) in outcome.measurements().iter().enumerate() {
        assert_eq!(one.reasons(), [""; 0]);
        assert_eq!(one.accounted() as f64, one.metric("scheduled"));
        assert!(one.account("write.failed.unavailable") > 0);
        let faults = outcome.faults(cell);
        assert!(faults.iter().all(|fault| fault.get("problem").is_none()), "{faults:?}");
        assert!(seconds(&faults[0], "ended_s").is_some());
        assert_eq!(seconds(&faults[1], "ended_s"), None, "it stays down");
    }
    let cached = &outcome.measurements()[1];
    assert!(cached.account("read.fallback") > 0, "reads went on without the cache");
}

#[test]
fn a_crash_at_the_very_end_comes_before_the_writes_are_flushed() {
    let run = |lasts: &str, persistence: &str| {
        let bench = Bench::new(&format!("{WORKLOAD}[[fault]]\nat = \"2s\"\nkill = \"cache\"\n{lasts}\n"));
        let persistence = format!("cache.persistence={persistence}");
        let behind = "strategy={ write-behind = { flush_every = \"10s\" } }";
        let outcome = bench.run(&["--set", "traffic.duration=2s", "--set", &persistence, "--set", behind]);
        outcome.ends_with(0);
        assert_eq!(outcome.only().metric("failures"), 0.0);
        assert!(outcome.only().account("write.done") > 0);
        outcome
    };
    // Nothing was flushed before: what comes back with the cache is flushed, and what does not is lost.
    let (kept, lost, dead) =
        (run("lasts = \"1s\"", "everysec"), run("lasts = \"1s\"", "off"), run("", "everysec"));
    assert!(kept.only().metric("db.rows_flushed") > 0.0);
    assert_eq!(lost.only().metric("db.rows_flushed"), 0.0);
    assert_eq!(dead.only().metric("db.rows_flushed"), 0.0);
    assert!(dead.stdout.contains("not flushed") && !kept.stdout.contains("not flushed"), "{}", dead.stdout);
}

#[test]
fn an_interrupted_run_undoes_its_faults_at_once() {
    let fault = "[[fault]]\nat = \"500ms\"\npause = \"database\"\nlasts = \"50s\"\n\
        [[fault]]\nat = \"500ms\"\nkill = { instance = 1 }\nlasts = \"50s\"\n";
    let bench = Bench::new(&format!("{WORKLOAD}{fault}"));
    let run = bench.start(&["--set", "traffic.duration=60s"]);
    eventually("the database is paused", || run.stderr().contains("pause database at").then_some(()));
    let since = Instant::now();
    run.signal(Signal::SIGINT);
    let outcome = run.end();
    assert!(since.elapsed() < Duration::from_secs(30), "it did not wait for the faults");
    outcome.ends_with(130);
    let faults = outcome.faults(0);
    assert!(faults.iter().all(|fault| seconds(fault, "ended_s").is_some()), "{faults:?}");
    assert!(bench.processes().is_empty());
}

#[test]
fn a_soak_of_kills_and_restarts_loses_no_operation() {
    let fault = |every: &str, what: &str| format!("[[fault]]\nevery = \"{every}\"\n{what}\n");
    let faults = [
        fault("3s", "kill = \"cache\"\nlasts = \"200ms\""),
        fault("5s", "restart = \"database\""),
        fault("3s", "kill = { instance = 0 }\nlasts = \"100ms\""),
        fault("6s", "restart = \"cache\""),
    ];
    let bench = Bench::new(&format!("{WORKLOAD}{}", faults.concat()));
    let outcome = bench.run(&["--set", "traffic.duration=24s"]);
    outcome.ends_with(0);
    let one = outcome.only();
    let faults = outcome.faults(0);
    assert!(faults.len() >= 20, "{}", faults.len());
    assert!(faults.iter().all(|fault| fault.get("problem").is_none()), "{faults:?}");
    assert!(faults.iter().all(|fault| seconds(fault, "ended_s").is_some()), "{faults:?}");
    assert_eq!(one.accounted() as f64, one.metric("scheduled"));
    assert!(bench.processes().is_empty() && bench.run_folders().is_empty());
}
