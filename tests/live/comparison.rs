use std::fs;

use serde_json::Value as Json;

use super::bench::Bench;

const EXACT: &str = r#"
name = "shop"
[data]
rows = 500
[traffic]
mix = { read = 1, multi-read = 1 }
load = { open = { rate = 500 } }
duration = "1s"
[database]
query = { aggregate = { parts = 4 } }
"#;

/// One round trip more for a read, and an index that is gone: both are in the exact counts of a single run, and the same
/// setting on both sides is in none.
#[test]
fn exact_counts_find_a_round_trip_more_and_an_index_that_is_gone() {
    let bench = Bench::new(EXACT);
    let exactly = |more: &[&str]| {
        let tier = ["--tiers", "exact", "--operations", "400", "-o", "results"];
        bench.verb(&["compare"], &[&tier, more].concat())
    };
    let (code, stdout, stderr) =
        exactly(&["--base", "traffic.multi_read.as=batch", "--head", "traffic.multi_read.as=one-by-one"]);
    assert_eq!(code, Some(98), "{stdout}{stderr}");
    assert!(stdout.contains("round_trips of cache-aside"), "{stdout}");
    let gone = "database.query={ aggregate = { parts = 4, indexed = false } }";
    let (code, stdout, stderr) = exactly(&["--head", gone]);
    assert_eq!(code, Some(98), "{stdout}{stderr}");
    assert!(stdout.contains("regressed: db.rows_read of cache-aside"), "{stdout}");
    let (code, stdout, stderr) = exactly(&["--base", "data.rows=500", "--head", "data.rows=500"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
}

const STAMPEDE: &str = r#"
name = "hot"
mitigation = "single-flight"
[data]
rows = 5
[traffic]
load = { closed = { clients = 12, think = { exponential = "10ms" } } }
duration = "1s"
[cache]
ttl = "150ms"
[database]
query = { sleep = "20ms" }
"#;

/// Loads of an expiry that are not shared any more are found over the seeds of six blocks, whatever the machine does; and
/// what a comparison leaves can be read again.
#[test]
fn counts_over_seeds_find_a_guard_that_is_gone() {
    let bench = Bench::new(STAMPEDE);
    let six = ["--tiers", "counts", "--pairs", "6", "-o", "results"];
    let (code, stdout, stderr) =
        bench.verb(&["compare"], &[&six[..], &["--head", "mitigation=none"]].concat());
    assert_eq!(code, Some(98), "{stdout}{stderr}");
    assert!(stdout.contains("stampede.duplicate_loads of cache-aside"), "{stdout}");
    let folder = fs::read_dir(bench.file("x", "").with_file_name("results")).unwrap().next().unwrap();
    let text = fs::read_to_string(folder.unwrap().path().join("comparison.json")).unwrap();
    let told: Json = serde_json::from_str(&text).unwrap();
    assert_eq!((told["interleaved"].as_bool(), told["outcome"].as_str()), (Some(true), Some("regressed")));
    let loads =
        told["counts"].as_array().unwrap().iter().find(|one| one["metric"] == "stampede.duplicate_loads");
    assert_eq!(loads.unwrap()["base"]["seeds"], 6);
}
