use std::path::{Path, PathBuf};

use cachebench::measure::{CellResult, FORMAT, Metrics, RepeatResult, Status, Summary, Unit, Verdict};
use cachebench::report;
use serde_json::Value as Json;
use tempfile::TempDir;

use super::run;

/// A history of two metrics: one whose level goes up at the 21st point, and one that only scatters.
fn stepping(folder: &Path) -> PathBuf {
    let mut text =
        "time,commit,cache-aside|read.response.p50_us,cache-aside|throughput.achieved_per_s\n".to_owned();
    for point in 0..30u32 {
        // Scatter without a pattern: the digits of a product.
        let scatter = f64::from(point * 7_919 % 101) / 101.0 - 0.5;
        let level = if point < 20 { 500.0 } else { 575.0 };
        text += &format!(
            "2026-03-{:02}T00:00:00Z,c{point},{},{}\n",
            point + 1,
            level + 10.0 * scatter,
            4_000.0 + 90.0 * scatter
        );
    }
    let file = folder.join("main.csv");
    std::fs::write(&file, text).unwrap();
    file
}

fn cell(p50: f64) -> CellResult {
    let mut metrics = Metrics::default();
    metrics.put("read.response.p50", p50, Unit::Us);
    metrics.put("hit_rate", 0.9, Unit::Ratio);
    metrics.put("read.response.mean", 2.0 * p50, Unit::Us);
    let repeats = vec![RepeatResult { metrics, ..RepeatResult::default() }];
    CellResult { strategy: "cache-aside".into(), repeats, ..CellResult::default() }
}

fn written(started_at: &str, cell: CellResult, interrupted: bool) -> TempDir {
    let (name, started_at) = ("gate".into(), started_at.into());
    let summary =
        Summary { format: FORMAT, name, started_at, interrupted, cells: vec![cell], ..Summary::default() };
    let folder = tempfile::tempdir().unwrap();
    report::write(&summary, folder.path()).unwrap();
    folder
}

#[test]
fn a_step_is_told_with_its_commit_and_what_only_scatters_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = stepping(folder.path());
    let path = file.to_str().unwrap();
    let answer = run(&["history", path]);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
    for words in [
        "c20",
        "2026-03-21T00:00:00Z",
        "500 us",
        "575 us",
        "+15.",
        "4.00 K/s",
        "1 level changed, for the worse.",
    ] {
        assert!(answer.stdout.contains(words), "{words} is not in:\n{}", answer.stdout);
    }
    let csv = run(&["history", path, "--format", "csv"]).stdout;
    assert_eq!(csv.lines().count(), 2, "{csv}");
    let json: Json = serde_json::from_str(&run(&["history", path, "--format", "json"]).stdout).unwrap();
    assert_eq!(json[0]["changes"][0]["commit"], "c20");
    assert_eq!(json[1]["changes"], Json::Array(vec![]));
    let markdown = run(&["history", path, "--format", "markdown"]).stdout;
    assert!(markdown.contains("| cache-aside | throughput.achieved_per_s | 30 |"), "{markdown}");
}

#[test]
fn a_recent_change_for_the_worse_fails_if_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = stepping(folder.path());
    let path = file.to_str().unwrap();
    assert_eq!(run(&["history", path, "--fail-on-change"]).code, Some(98));
    assert_eq!(run(&["history", path, "--fail-on-change", "9"]).code, Some(0), "it is ten points old");
    let other = ["history", path, "--metric", "throughput.achieved", "--fail-on-change"];
    let answer = run(&other);
    assert_eq!(answer.code, Some(0));
    assert!(!answer.stdout.contains("p50"), "{}", answer.stdout);
    let newest = run(&["history", path, "--last", "8", "--fail-on-change"]);
    assert_eq!(newest.code, Some(0));
    assert!(newest.stdout.contains("No level changed."), "{}", newest.stdout);
}

#[test]
fn results_are_added_and_new_columns_are_empty_before() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("main.csv");
    let path = file.to_str().unwrap();
    let (one, other) = (
        written("2026-01-01T00:00:00Z", cell(500.0), false),
        written("2026-01-02T00:00:00Z", cell(510.0), false),
    );
    let add = |result: &TempDir, more: &[&str]| {
        run(&[&["history", path, "--add", result.path().to_str().unwrap()], more].concat())
    };
    let answer = add(&one, &["--commit", "c1", "--metric", "hit_rate"]);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
    assert_eq!(answer.stdout, format!("{path}: point 1 of 1 metrics added\n"));
    assert_eq!(add(&other, &["--commit", "c2"]).code, Some(0));
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        text,
        "time,commit,cache-aside|hit_rate,cache-aside|read.response.p50_us\n2026-01-01T00:00:00Z,c1,0.9,\n\
         2026-01-02T00:00:00Z,c2,0.9,510\n"
    );
    add(&other, &[]).fails(2, &["has the result of 2026-01-02T00:00:00Z already"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_result_that_may_not_be_believed_is_not_added() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("main.csv");
    let mut invalid = cell(500.0);
    invalid.repeats[0].status = Status::Invalid;
    invalid.repeats[0].verdict = Verdict { reasons: vec!["too late".into()], ..Verdict::default() };
    let results = [
        (written("2026-01-01T00:00:00Z", invalid, false), "cache-aside is invalid: too late"),
        (written("2026-01-01T00:00:00Z", cell(500.0), true), "it was interrupted"),
    ];
    for (result, reason) in results {
        let result = result.path().to_str().unwrap();
        run(&["history", file.to_str().unwrap(), "--add", result]).fails(4, &["is not added", reason]);
    }
    assert!(!file.exists());
}

#[test]
fn a_broken_file_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("main.csv");
    let path = file.to_str().unwrap();
    run(&["history", path]).fails(2, &["cannot read", "main.csv"]);
    std::fs::write(
        &file,
        "time,commit,a|hit_rate\n2026-01-01T00:00:00Z,c1,0.9\n2026-01-02T00:00:00Z,c2,high\n",
    )
    .unwrap();
    run(&["history", path]).fails(2, &["main.csv: line 3: `high` under `a|hit_rate` is no number"]);
    std::fs::write(&file, "time,commit,a|hit_rate\n").unwrap();
    run(&["history", path]).fails(2, &["has no point to show; it tells a|hit_rate"]);
    run(&["history", path, "--metric", "hitrate"]).fails(2, &["--metric", "did you mean `hit_rate`?"]);
    run(&["history", path, "--commit", "c1"]).fails(2, &["--add"]);
}
