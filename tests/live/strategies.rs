use std::collections::BTreeMap;
use std::path::Path;

use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use serde_json::Value as Json;

use super::bench::Bench;

const WORKLOAD: &str = r#"# Which one?
name = "all"
[data]
rows = 500
[traffic]
mix = { read = 70, write = 20, insert = 5, delete = 5 }
load = { closed = { clients = 2 } }
operations = 2_000
[app]
instances = 2
[cache]
ttl = "60s"
[compare]
strategy = ["direct", "cache-aside", "read-through", "write-through", "write-behind", "write-around"]
"cache.driver" = ["redis", "fred"]
"#;

#[test]
fn every_strategy_runs_with_every_driver_and_its_books_balance() {
    let bench = Bench::new(WORKLOAD);
    let outcome = bench.run(&[]);
    outcome.ends_with(0);
    let all = outcome.measurements();
    assert_eq!(all.len(), 12);
    for one in &all {
        assert_eq!((one.status(), one.reasons()), ("valid", vec![]), "{}", one.strategy());
        assert_eq!((one.accounted(), one.metric("operations")), (2_000, 2_000.0), "{}", one.strategy());
        assert!(one.accounts().keys().all(|name| !name.contains("failed")), "{:?}", one.accounts());
        assert_eq!((one.metric("corrupt"), one.metric("store_errors")), (0.0, 0.0));
        assert!(!one.checks().is_empty(), "{}", one.strategy());
        for (what, client, server) in one.checks() {
            assert_eq!(client, server, "{}: {what}", one.strategy());
        }
        let caches = one.strategy() != "direct";
        assert_eq!(one.metric("cache.commands") > 0.0, caches);
        assert_eq!(one.account("read.hit") > 0, caches);
    }
    for direct in all.iter().filter(|one| one.strategy() == "direct") {
        assert_eq!((direct.metric("hit_rate"), direct.metric("db.queries_per_read")), (0.0, 1.0));
        assert_eq!(direct.metric("db.reads"), direct.reads() as f64);
    }
    // The traffic is the same for all of them.
    let kinds = |name: &str| all.iter().map(|one| one.account(name)).collect::<Vec<_>>();
    for kind in ["write.done", "insert.done", "delete.done"] {
        assert!(kinds(kind)[0] > 0 && kinds(kind).iter().all(|&count| count == kinds(kind)[0]));
    }
    the_result_has_the_published_shape(&outcome.result);
    every_file_of_the_result_can_be_read(outcome.folder(), &outcome.result);
    assert_eq!(bench.run_folders(), [""; 0].map(std::path::PathBuf::from), "nothing is left of the servers");
    assert!(outcome.stdout.starts_with("Which one?\n") && !outcome.stderr.contains("warning"));
}

fn the_result_has_the_published_shape(result: &Json) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/result.schema.json");
    let schema: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> =
        validator.iter_errors(result).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(wrong, [""; 0]);
}

fn every_file_of_the_result_can_be_read(folder: &Path, result: &Json) {
    let table = std::fs::read_to_string(folder.join("table.md")).unwrap();
    assert!(table.starts_with("# all\n") && table.contains("| write-behind · fred |"), "{table}");

    let mut sheet = csv::Reader::from_path(folder.join("windows.csv")).unwrap();
    let column = sheet.headers().unwrap().iter().position(|name| name == "operations").unwrap();
    let mut windows: BTreeMap<String, f64> = BTreeMap::new();
    for row in sheet.records().map(Result::unwrap) {
        *windows.entry(row[0].to_owned()).or_default() += row[column].parse::<f64>().unwrap();
    }
    assert_eq!(windows.len(), 12);
    assert!(windows.values().all(|operations| *operations == 2_000.0), "{windows:?}");

    let histograms = folder.join("histograms");
    for (index, cell) in result["cells"].as_array().unwrap().iter().enumerate() {
        let settings = cell["settings"].as_array().unwrap();
        let label: Vec<&str> = settings.iter().map(|setting| setting["label"].as_str().unwrap()).collect();
        let name = format!("{:02}-{}-1", index + 1, label.join("-"));
        let reads = cell["repeats"][0]["metrics"]["read.count"]["value"].as_f64().unwrap() as u64;

        let log = std::fs::read(histograms.join(format!("{name}.hlog"))).unwrap();
        let mut tags = Vec::new();
        for entry in IntervalLogIterator::new(&log) {
            // Comments and the legend are entries of their own.
            if let LogEntry::Interval(interval) = entry.unwrap() {
                assert!(!interval.encoded_histogram().is_empty());
                tags.push(interval.tag().unwrap().as_str().to_owned());
            }
        }
        assert!(tags.contains(&"read.response".into()) && tags.contains(&"write.lag".into()), "{tags:?}");

        let text = std::fs::read_to_string(histograms.join(format!("{name}.read.response.hgrm"))).unwrap();
        let last = text.lines().rfind(|line| !line.starts_with('#')).unwrap();
        let fields: Vec<&str> = last.split_whitespace().collect();
        assert_eq!(fields[1..], ["1.000000000000", &reads.to_string()], "{name}");
    }
}
