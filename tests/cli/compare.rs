use std::path::PathBuf;

use cachebench::measure::{CellResult, FORMAT, Metrics, RepeatResult, Status, Summary, Unit, Verdict};
use cachebench::report;
use serde_json::json;
use tempfile::TempDir;

use super::{File, GOOD, run};

/// A result of so many repeats, each a little slower than the last.
fn result(p50_us: f64, repeats: u32) -> Summary {
    let repeat = |number: u32| {
        let mut metrics = Metrics::default();
        metrics.put("read.response.p50", p50_us + f64::from(number), Unit::Us);
        metrics.put("hit_rate", 0.9, Unit::Ratio);
        RepeatResult { repeat: number, order: number, metrics, ..RepeatResult::default() }
    };
    let cell = CellResult {
        strategy: "cache-aside".into(),
        repeats: (1..=repeats).map(repeat).collect(),
        ..CellResult::default()
    };
    let workload =
        json!({ "name": "shop", "data": { "rows": 10 }, "traffic": {}, "cache": { "driver": "redis" } });
    Summary { format: FORMAT, name: "shop".into(), workload, cells: vec![cell], ..Summary::default() }
}

fn written(summary: &Summary) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    report::write(summary, folder.path()).unwrap();
    let path = folder.path().to_path_buf();
    (folder, path)
}

fn compared(base: &Summary, head: &Summary) -> super::Answer {
    let (base, head) = (written(base), written(head));
    run(&["compare", base.1.to_str().unwrap(), head.1.to_str().unwrap()])
}

#[test]
fn two_results_are_compared_with_a_warning_and_no_verdict_on_times() {
    let answer = compared(&result(100.0, 8), &result(130.0, 8));
    assert_eq!(answer.code, Some(97), "{}{}", answer.stdout, answer.stderr);
    for words in ["these runs did not take turns", "read.response.p50", "104 us", "134 us"] {
        assert!(answer.stdout.contains(words), "{words} is not in:\n{}", answer.stdout);
    }
}

#[test]
fn a_comparison_is_a_page_with_the_interval_of_each_time() {
    let (base, head) = (written(&result(100.0, 8)), written(&result(130.0, 8)));
    let answer = run(&["compare", base.1.to_str().unwrap(), head.1.to_str().unwrap(), "--format", "html"]);
    assert_eq!(answer.code, Some(97), "{}", answer.stderr);
    assert!(answer.stdout.starts_with("<!") && answer.stdout.contains("<svg"), "{}", answer.stdout);
    for words in ["read.response.p50 of cache-aside", "these runs did not take turns", "cachebench compare"] {
        assert!(answer.stdout.contains(words), "{words} is not in:\n{}", answer.stdout);
    }
}

#[test]
fn results_that_cannot_be_compared_are_refused_with_the_reason() {
    let good = result(100.0, 8);
    let mut other = good.clone();
    other.workload["data"]["rows"] = json!(20);
    compared(&good, &other).fails(2, &["they ask different questions: data.rows is 10 and 20"]);
    let part = Summary { interrupted: true, ..good.clone() };
    compared(&part, &good).fails(2, &["base was interrupted: what it has is a part"]);
    let mut invalid = good.clone();
    invalid.cells[0].repeats[2].status = Status::Invalid;
    invalid.cells[0].repeats[2].verdict = Verdict { reasons: vec!["too late".into()], ..Verdict::default() };
    compared(&good, &invalid)
        .fails(2, &["head may not be believed: cache-aside, repeat 3 is invalid: too late"]);
    let newer = Summary { format: FORMAT + 1, ..good.clone() };
    compared(&good, &newer).fails(2, &["has result format 2, this cachebench reads 1"]);
}

#[test]
fn sides_that_are_the_same_or_of_different_kinds_are_refused() {
    let file = File::new(GOOD);
    let (_folder, result) = written(&result(100.0, 2));
    let (file, result) = (file.path(), result.to_str().unwrap());
    run(&["compare", file]).fails(2, &["base and head are the same", "name its file twice"]);
    run(&["compare", file, result]).fails(2, &["a result and a workload file cannot be compared"]);
    run(&["compare", result, result, "--head", "cache.ttl=1s"])
        .fails(2, &["--head is for workloads that are run"]);
    run(&["compare", file, "--head", "cache.tttl=1s"]).fails(2, &["did you mean `ttl`"]);
    run(&["compare", file, "--head-cachebench", "/no/such/program"])
        .fails(2, &["--head-cachebench", "no such program"]);
    run(&["compare", file, "--base-redis", "/no/such/redis"]).fails(2, &["--base-redis /no/such/redis"]);
    run(&["compare", file, file, "--metric", "read.respons.p50"])
        .fails(2, &["did you mean `read.response.p50`"]);
}

#[test]
fn a_baseline_that_is_not_there_or_not_of_this_workload_is_told() {
    let file = File::new(GOOD);
    let check = |baseline: &str| run(&["baseline", "check", file.path(), "--baseline", baseline]);
    check("/no/such/baseline.json").fails(2, &["cannot read the baseline", "cachebench baseline save"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.json");
    for (text, words) in [
        ("{}", "it has no `format`"),
        ("{ \"format\": 9 }", "has baseline format 9, this cachebench reads 1"),
        ("{ \"format\": 1 }", "is no baseline: missing field"),
    ] {
        std::fs::write(&path, text).unwrap();
        check(path.to_str().unwrap()).fails(2, &[words]);
    }
    let other = json!({
        "format": 1, "name": "other", "cachebench": "0.1.0", "build": "debug", "operations": 10, "tick": "1ms", "cells": {}
    });
    std::fs::write(&path, other.to_string()).unwrap();
    check(path.to_str().unwrap()).fails(2, &["is the baseline of `other`, and the workload is `good`"]);
}
