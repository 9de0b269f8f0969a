//! The real traces, against the counts and the exact hits of LRU that others found for them.
//!
//! The files are in the folder that CACHEBENCH_TRACES names; without it, these tests say so and pass.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use cachebench::model::Kind;
use cachebench::registry::Choice;
use cachebench::traffic::traces::{Recording, load};
use serde_json::Value as Json;

/// A file of the folder of real traces, if there is one.
fn trace(name: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("CACHEBENCH_TRACES").map_or(root.join("../shared/traces"), PathBuf::from);
    let found = folder.is_dir().then(|| folder.join(name));
    if found.is_none() {
        println!("skipped: no traces in {}, name their folder in CACHEBENCH_TRACES", folder.display());
    }
    found
}

fn recording(name: &str, format: Option<&str>) -> Option<Recording> {
    let recording = load(&trace(name)?, format.map(Choice::named).as_ref(), None);
    Some(recording.unwrap_or_else(|error| panic!("{error}")))
}

/// The hits of an LRU cache of `capacity` keys that starts cold and takes in every miss.
fn lru_hits(recording: &Recording, capacity: usize) -> u64 {
    let mut last_use = HashMap::new();
    let mut by_age = BTreeMap::new();
    let mut hits = 0;
    for index in 0..recording.len() {
        let key = recording.request(index).key;
        if let Some(before) = last_use.insert(key, index) {
            by_age.remove(&before);
            hits += 1;
        } else if by_age.len() == capacity
            && let Some((_, oldest)) = by_age.pop_first()
        {
            last_use.remove(&oldest);
        }
        by_age.insert(index, key);
    }
    hits
}

/// Holds the hits at 5 % of the unique keys against the reference; false when there are no traces.
fn lru_hits_as_in_reference(recording: &Recording, name: &str) -> bool {
    let Some(path) = trace("reference.json") else { return false };
    let text = std::fs::read_to_string(path).expect("the reference stands beside the traces");
    let reference: Json = serde_json::from_str(&text).expect("the reference is JSON");
    let capacity = recording.unique_keys() * 5 / 100;
    let rows = reference["traces"][name]["rows"].as_array().expect("the reference has this trace");
    let row = rows.iter().find(|row| row["cap"] == capacity).expect("the reference has this capacity");
    row["lru"] == lru_hits(recording, capacity as usize)
}

#[test]
fn web12_has_its_requests_keys_and_hits() {
    let Some(web12) = recording("web12.trace.xz", Some("int32be")) else { return };
    assert_eq!((web12.len(), web12.unique_keys()), (95_607, 13_756));
    assert!(lru_hits_as_in_reference(&web12, "web12"));
}

#[test]
fn orm_busy_has_its_requests_and_keys() {
    let Some(orm_busy) = recording("orm-busy.trace.xz", Some("int32be")) else { return };
    assert_eq!((orm_busy.len(), orm_busy.unique_keys()), (5_000_000, 76_349));
}

#[test]
fn cloud_physics_is_the_same_as_a_table_and_as_a_list_of_keys() {
    let Some(table) = recording("cloudPhysicsIO.csv", None) else { return };
    let Some(list) = recording("cloudPhysicsIO.txt", None) else { return };
    for recording in [&table, &list] {
        assert_eq!((recording.len(), recording.unique_keys()), (113_872, 48_974));
    }
    assert!((0..table.len()).all(|index| table.request(index).key == list.request(index).key));
    assert_eq!((table.count(Kind::Read), table.count(Kind::Write)), (46_974, 66_898));
    // Its times are seconds: the same requests in vscsi form have the microseconds, over two hours.
    assert_eq!((table.span(), table.late_records()), (Some(Duration::from_secs(7_200)), 0));
    assert_eq!((table.size(0), list.size(0), list.span()), (Some(512), None, None));
    assert!(lru_hits_as_in_reference(&table, "cloudphysics-sample"));
}

#[test]
fn the_lirs_loop_is_a_cycle_without_its_checkpoints() {
    let Some(lirs_loop) = recording("lirs_loop.trace.gz", None) else { return };
    assert_eq!((lirs_loop.len(), lirs_loop.unique_keys()), (505_500, 1_011));
    assert!(lru_hits_as_in_reference(&lirs_loop, "lirs-loop"));
}

#[test]
fn cachelib_rows_have_operations_and_times() {
    let Some(rows) = recording("cachelib_kv_1.csv", None) else { return };
    let counts = [Kind::Read, Kind::Write, Kind::Delete].map(|kind| rows.count(kind));
    assert_eq!((rows.len(), rows.unique_keys(), counts), (99, 52, [88, 9, 2]));
    assert_eq!(rows.span(), Some(Duration::from_secs(8)));
}
