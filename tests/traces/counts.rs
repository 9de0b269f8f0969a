//! The requests, keys and operations of traces, their popularity, and the exact hits of LRU.

use std::time::Duration;

use cachebench::model::Kind;
use cachebench::registry::Choice;
use cachebench::traffic::traces::stat::Stat;
use cachebench::traffic::traces::{Recording, load};

use super::{reference, trace};

fn recording(name: &str, format: Option<&str>, limit: Option<u64>) -> Option<Recording> {
    let recording = load(&trace(name)?, format.map(Choice::named).as_ref(), limit);
    Some(recording.unwrap_or_else(|error| panic!("{error}")))
}

/// Holds requests, keys, LRU hits and the shape of popularity against the reference; false when there are no traces.
fn as_in_reference(stat: &Stat, name: &str) -> bool {
    let Some(reference) = reference(name) else { return false };
    assert_eq!(reference["requests_used"], stat.requests, "{name}");
    assert_eq!(reference["unique_used"], stat.unique_keys, "{name}");
    let rows = reference["rows"].as_array().expect("the reference has this trace");
    let expected: Vec<_> = rows.iter().map(|row| (row["cap"].as_u64(), row["lru"].as_u64())).collect();
    let found: Vec<_> = stat.reuse.lru.iter().map(|lru| (Some(lru.entries), Some(lru.hits))).collect();
    assert_eq!(found, expected, "{name}");
    let number = |field: &str| reference[field].as_f64().expect("the reference has this number");
    let wonders = stat.popularity.one_hit_wonder_share;
    assert!((wonders - number("one_hit_wonder_share")).abs() < 0.00006, "{name}: {wonders}");
    // By another rule of theirs, which is not told.
    let exponent = stat.popularity.zipf_exponent.expect("there are many keys");
    assert!((exponent - number("zipf_alpha")).abs() < 0.03, "{name}: {exponent}");
    true
}

#[test]
fn web12_has_its_requests_keys_and_hits() {
    let Some(web12) = recording("web12.trace.xz", Some("int32be"), None) else { return };
    assert_eq!((web12.len(), web12.unique_keys()), (95_607, 13_756));
    assert!(as_in_reference(&Stat::of(&web12), "web12"));
}

#[test]
fn orm_busy_has_its_requests_and_keys() {
    let Some(orm_busy) = recording("orm-busy.trace.xz", Some("int32be"), None) else { return };
    assert_eq!((orm_busy.len(), orm_busy.unique_keys()), (5_000_000, 76_349));
    let Some(first) = recording("orm-busy.trace.xz", Some("int32be"), Some(2_000_000)) else { return };
    assert!(as_in_reference(&Stat::of(&first), "orm-busy"));
}

#[test]
fn cloud_physics_is_the_same_in_four_formats() {
    let names = ["csv", "txt", "vscsi", "oracleGeneral.bin"].map(|end| format!("cloudPhysicsIO.{end}"));
    let Some(all) = names.iter().map(|name| recording(name, None, None)).collect::<Option<Vec<_>>>() else {
        return;
    };
    let [table, list, blocks, oracle] = &all[..] else { unreachable!("four were read") };
    for recording in &all {
        assert_eq!((recording.len(), recording.unique_keys()), (113_872, 48_974));
        assert!(recording.keys() == table.keys());
    }
    for recording in [table, blocks] {
        assert_eq!((recording.count(Kind::Read), recording.count(Kind::Write)), (46_974, 66_898));
    }
    let same_kind = |index| table.request(index).op == blocks.request(index).op;
    assert!((0..table.len()).all(same_kind));
    assert_eq!((oracle.count(Kind::Read), list.count(Kind::Read)), (0, 0));
    // Seconds in two of them, and microseconds in one: these begin within a second of the others.
    assert_eq!((table.span(), table.late_records()), (Some(Duration::from_secs(7_200)), 0));
    let at = |recording: &Recording, index| recording.request(index).at.expect("it has times");
    assert!((0..table.len()).all(|index| at(table, index) == at(oracle, index)));
    let apart = |index| at(table, index).abs_diff(at(blocks, index));
    assert!((0..table.len()).all(|index| apart(index) < Duration::from_secs(1)));
    assert!((0..table.len()).any(|index| at(blocks, index).subsec_micros() > 0));
    assert_eq!(
        (table.size(0), blocks.size(0), list.size(0), list.span()),
        (Some(512), Some(512), None, None)
    );
    all.iter().for_each(|recording| assert!(as_in_reference(&Stat::of(recording), "cloudphysics-sample")));
}

#[test]
fn the_blocks_of_conversations_have_their_requests_keys_and_hits() {
    let Some(blocks) = recording("conversation_trace.jsonl", None, None) else { return };
    assert_eq!((blocks.len(), blocks.unique_keys()), (288_500, 182_790));
    // The last line has the time 3536999.
    assert_eq!((blocks.span(), blocks.late_records()), (Some(Duration::from_millis(3_536_999)), 0));
    assert!(as_in_reference(&Stat::of(&blocks), "mooncake-conversation"));
}

#[test]
fn the_lirs_loop_is_a_cycle_without_its_checkpoints() {
    let Some(lirs_loop) = recording("lirs_loop.trace.gz", None, None) else { return };
    assert_eq!((lirs_loop.len(), lirs_loop.unique_keys()), (505_500, 1_011));
    assert!(as_in_reference(&Stat::of(&lirs_loop), "lirs-loop"));
}

/// The counts are sums of the column `op_count`; in the two files it stands before and after others.
#[test]
fn cachelib_rows_stand_for_as_many_requests_as_they_say() {
    for (name, requests, keys, counts, seconds) in [
        ("cachelib_kv_1.csv", 691, 52, [167 + 511, 8 + 2, 3], 8),
        ("cachelib_kv_2.csv", 433, 62, [383 + 35, 9 + 5, 1], 2),
    ] {
        let Some(rows) = recording(name, None, None) else { return };
        let found = [Kind::Read, Kind::Write, Kind::Delete].map(|kind| rows.count(kind));
        assert_eq!((rows.len(), rows.unique_keys(), found), (requests, keys, counts), "{name}");
        // The last second is spread out too.
        let span = rows.span().expect("rows have times");
        assert!(span > Duration::from_secs(seconds) && span < Duration::from_secs(seconds + 1), "{span:?}");
        assert_eq!(rows.late_records(), 0);
    }
}
