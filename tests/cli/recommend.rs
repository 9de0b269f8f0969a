use cachebench::measure::{
    CellResult, CellSetting, FORMAT, Metrics, RepeatResult, Status, Summary, Unit, Verdict,
};
use cachebench::report;
use serde_json::Value as Json;
use tempfile::TempDir;

use super::run;

fn cell(strategy: &str, ttl: &str, stale_rate: f64, loads: f64) -> CellResult {
    let mut metrics = Metrics::default();
    metrics.put("stale_rate", stale_rate, Unit::Ratio);
    metrics.put("db.queries_per_read", loads, Unit::Ratio);
    metrics.put("hit_rate", 1.0 - loads, Unit::Ratio);
    let setting =
        |path: &str, value: &str| CellSetting { path: path.into(), value: value.into(), label: value.into() };
    CellResult {
        settings: vec![setting("strategy", strategy), setting("cache.ttl", ttl)],
        strategy: strategy.into(),
        repeats: vec![RepeatResult { repeat: 1, order: 1, metrics, ..RepeatResult::default() }],
        ..CellResult::default()
    }
}

/// A result in which the cell that would be the best is not valid.
fn written() -> TempDir {
    let mut invalid = cell("write-through", "1s", 0.0, 0.01);
    invalid.repeats[0].status = Status::Invalid;
    invalid.repeats[0].verdict = Verdict { reasons: vec!["too late".into()], ..Verdict::default() };
    let cells = vec![
        cell("cache-aside", "1s", 0.004, 0.12),
        cell("write-around", "1s", 0.008, 0.15),
        cell("write-around", "10s", 0.3, 0.02),
        invalid,
    ];
    let summary = Summary { format: FORMAT, name: "shop".into(), cells, ..Summary::default() };
    let folder = tempfile::tempdir().unwrap();
    report::write(&summary, folder.path()).unwrap();
    folder
}

#[test]
fn the_best_cell_is_told_with_its_numbers_the_next_and_what_was_left_out() {
    let folder = written();
    let path = folder.path().to_str().unwrap();
    let answer = run(&["recommend", path, "--require", "stale_rate < 1%"]);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
    for words in [
        "cache-aside · 1s: 0.120 database queries a read at stale_rate of 0.4 % (required: < 1%); write-around · 1s comes \
         next with 0.150",
        "Left out: write-through · 1s: invalid: too late.",
        "misses stale_rate < 1%",
    ] {
        assert!(answer.stdout.contains(words), "{words} is not in:\n{}", answer.stdout);
    }
    let file = folder.path().join("result.json");
    assert_eq!(
        run(&["recommend", file.to_str().unwrap(), "--require", "stale_rate < 1%"]).stdout,
        answer.stdout
    );
    // Whatever is asked for decides.
    let most = run(&["recommend", path, "--maximise", "hit_rate", "--format", "json"]);
    let json: Json = serde_json::from_str(&most.stdout).unwrap();
    assert_eq!((&json["best"], most.code), (&"write-around · 10s".into(), Some(0)));
    let csv = run(&["recommend", path, "--require", "stale_rate < 1%", "--format", "csv"]).stdout;
    assert_eq!(csv.lines().count(), 5, "{csv}");
    let markdown = run(&["recommend", path, "--format", "markdown"]).stdout;
    assert!(markdown.contains("| cell | db. queries_per_read |"), "{markdown}");
}

#[test]
fn where_none_satisfies_the_closest_is_told_and_the_exit_code_says_so() {
    let folder = written();
    let answer = run(&["recommend", folder.path().to_str().unwrap(), "--require", "stale_rate < 0.1%"]);
    assert_eq!(answer.code, Some(99), "{}", answer.stderr);
    let closest = "cache-aside · 1s comes closest: stale_rate is 0.4 % (required: < 0.1%), off by 0.3 %.";
    assert!(answer.stdout.contains(closest), "{}", answer.stdout);
}

#[test]
fn what_makes_no_sense_is_told_with_what_would() {
    let folder = written();
    let path = folder.path().to_str().unwrap();
    for (args, words) in [
        (&[path, "--require", "stale_rat < 1%"][..], &["--require", "did you mean `stale_rate`?"][..]),
        (&[path, "--require", "stale_rate < 5ms"], &["--require", "write 95% or 0.95"]),
        (&[path, "--minimise", "db.queries_per_reed"], &["--minimise", "`db.queries_per_read`"]),
        (&[path, "--maximise", "hits"], &["--maximise", "no metric `hits`"]),
        (&[path, "--format", "xml"], &["--format", "markdown"]),
        (&["nowhere"], &["there is no result nowhere"]),
    ] {
        run(&[&["recommend"], args].concat()).fails(2, words);
    }
    let help = run(&["recommend", "--help"]).stdout;
    assert!(help.contains("Examples:") && help.contains("exit code is 99"), "{help}");
}
