use std::fs;

use serde_json::Value as Json;

use super::bench::Bench;
use super::outcome::Outcome;

const WORKLOAD: &str = r#"
name = "gate"
expect = [
    "hit_rate{strategy=cache-aside} > 0.5",
    "hit_rate{strategy=direct} == 0",
    "failures == 0",
]
[data]
rows = 20
[traffic]
load = { closed = { clients = 2, think = { exponential = "500us" } } }
operations = 2_000
[compare]
strategy = ["direct", "cache-aside"]
"#;

/// What became of each expectation: expectation, cell, whether it held.
fn told(outcome: &Outcome) -> Vec<(String, String, Option<bool>)> {
    let all = outcome.result["expectations"].as_array().unwrap();
    let text = |one: &Json, name: &str| one[name].as_str().unwrap().to_owned();
    all.iter().map(|one| (text(one, "expectation"), text(one, "cell"), one["held"].as_bool())).collect()
}

#[test]
fn expectations_that_hold_are_a_pass() {
    let outcome = Bench::new(WORKLOAD).run(&[]);
    outcome.ends_with(0);
    let held = |expectation: &str, cell: &str| (expectation.to_owned(), cell.to_owned(), Some(true));
    assert_eq!(
        told(&outcome),
        [
            held("hit_rate{strategy=direct} == 0", "direct"),
            held("failures == 0", "direct"),
            held("hit_rate{strategy=cache-aside} > 0.5", "cache-aside"),
            held("failures == 0", "cache-aside"),
        ]
    );
    assert!(
        outcome.stdout.contains("all 4 expectations held") || outcome.code == Some(4),
        "{}",
        outcome.stdout
    );
}

#[test]
fn one_that_fails_or_is_not_told_is_no_pass() {
    let bench = Bench::new(WORKLOAD);
    let [markdown, junit, numbers] =
        ["summary.md", "junit.xml", "less.json"].map(|name| bench.file(name, ""));
    let outcome = bench.run(&[
        "--expect",
        "hit_rate > 0.5",
        "--expect",
        "read.response.p99.9{strategy=direct} < 60s",
        "--markdown",
        markdown.to_str().unwrap(),
        "--junit",
        junit.to_str().unwrap(),
        "--benchmark-json",
        numbers.to_str().unwrap(),
        "--annotations",
    ]);
    outcome.ends_with(99);
    let not_held: Vec<_> = told(&outcome).into_iter().filter(|(.., held)| *held != Some(true)).collect();
    let expected = [("hit_rate > 0.5", Some(false)), ("read.response.p99.9{strategy=direct} < 60s", None)];
    assert_eq!(not_held, expected.map(|(text, held)| (text.to_owned(), "direct".to_owned(), held)));
    for words in ["not told: it takes 100000 operations of its kind, and there were 2000", "NOT TOLD"] {
        assert!(outcome.stdout.contains(words), "{}", outcome.stdout);
    }
    let [markdown, junit, numbers] = [markdown, junit, numbers].map(|file| fs::read_to_string(file).unwrap());
    assert!(markdown.starts_with("## ❌ gate: failed\n"), "{markdown}");
    assert!(
        junit.contains("failures=\"2\"") && junit.contains("measured 0.0 %, expected &gt; 0.5"),
        "{junit}"
    );
    let numbers: Json = serde_json::from_str(&numbers).unwrap();
    assert!(numbers.as_array().unwrap().iter().any(|it| it["name"] == "cache-aside · db.queries_per_read"));
    assert_eq!(outcome.stderr.matches("::error title=direct%3A ").count(), 2, "{}", outcome.stderr);
}

#[test]
fn a_failure_ends_a_run_that_may_be_aborted_and_what_holds_does_not() {
    let endless = WORKLOAD.replace("operations = 2_000", "duration = \"50s\"");
    let outcome = Bench::new(&endless).run(&["--expect", "hit_rate > 0.5", "--abort-on-fail", "1s"]);
    outcome.ends_with(99);
    let part = outcome.only();
    assert_eq!((part.strategy(), part.status()), ("direct", "interrupted"));
    assert!(part.seconds() >= 1.0 && part.seconds() < 30.0, "{}", part.seconds());
    let reason = &part.reasons()[0];
    assert!(
        reason.starts_with("aborted after ") && reason.ends_with("hit_rate > 0.5, it was 0.0 %"),
        "{reason}"
    );
    let reached = told(&outcome).into_iter().filter(|(_, cell, _)| cell == "cache-aside");
    assert!(reached.into_iter().all(|(.., held)| held.is_none()), "what was not measured shows nothing");
    assert!(outcome.stdout.contains("aborted over an expectation: 0 of 1 started"), "{}", outcome.stdout);

    let short = WORKLOAD.replace("operations = 2_000", "duration = \"2500ms\"");
    let control = Bench::new(&short).run(&["--abort-on-fail", "1s"]);
    control.ends_with(0);
    assert_eq!(control.measurements().len(), 2);
}
