use std::path::{Path, PathBuf};

use super::bench::Bench;

const REQUESTS: usize = 5_000;

/// The folder of real traces, if there is one.
fn folder() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/traces");
    let folder = std::env::var_os("CACHEBENCH_TRACES").map_or_else(default, PathBuf::from);
    let found = folder.is_dir();
    if !found {
        println!("skipped: no traces in {}, name their folder in CACHEBENCH_TRACES", folder.display());
    }
    found.then_some(folder)
}

/// Reads and writes among the first requests, by the file's own words: SCSI's 28 is a read, 2a a write.
fn counted(file: &Path) -> (u64, u64) {
    let mut table = csv::Reader::from_path(file).unwrap();
    let column = table.headers().unwrap().iter().position(|name| name == "op").unwrap();
    let words: Vec<String> =
        table.records().take(REQUESTS).map(|row| row.unwrap()[column].trim().to_owned()).collect();
    let count = |word: &str| words.iter().filter(|it| *it == word).count() as u64;
    assert_eq!(count("28") + count("2a"), REQUESTS as u64);
    (count("28"), count("2a"))
}

#[test]
fn a_recorded_trace_is_replayed_request_by_request() {
    let Some(folder) = folder() else { return };
    let file = folder.join("cloudPhysicsIO.csv");
    let (reads, writes) = counted(&file);
    let bench = Bench::new(&format!(
        "name = \"trace\"\n[traffic]\nkeys = {{ trace = {{ file = {file:?}, limit = {REQUESTS}, sizes = \"workload\" }} }}\n\
         load = {{ closed = {{ clients = 4 }} }}\n[compare]\nstrategy = [\"cache-aside\", \"write-through\"]\n"
    ));
    let outcome = bench.run(&[]);
    outcome.ends_with(0);
    for one in outcome.measurements() {
        assert_eq!(one.accounted(), REQUESTS as u64);
        assert_eq!((one.reads(), one.account("write.done")), (reads, writes), "{}", one.strategy());
    }
}
