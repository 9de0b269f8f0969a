use std::time::Duration;

use super::*;
use crate::model::Key;
use crate::traffic::traces::{Request, TraceKey};

/// A recording of `(second, key, operation, size, seconds to live)`.
fn recording(requests: &[(u64, u64, &str, u32, u64)]) -> Recording {
    let made = requests.iter().map(|&(at, key, op, size, ttl)| Request {
        at_us: Some(at * 1_000_000),
        key: TraceKey::Number(key),
        op: match op {
            "get" => Some(Kind::Read),
            "set" => Some(Kind::Write),
            "delete" => Some(Kind::Delete),
            _ => None,
        },
        size: Some(size),
        ttl: (ttl > 0).then(|| Duration::from_secs(ttl)),
    });
    Recording::of(made).unwrap()
}

/// Key 7 is row 0, key 8 row 1, key 9 row 2.
fn small() -> Recording {
    recording(&[
        (10, 7, "get", 0, 0),
        (11, 7, "set", 100, 60),
        (13, 8, "get", 50, 0),
        (14, 7, "set", 70_000, 5),
        (16, 9, "get", 0, 0),
        (17, 9, "set", 0, 0),
        (19, 7, "delete", 0, 0),
    ])
}

const ALL: Wanted = Wanted { skip: 0, operations: true, sets: None, sizes: true, ttls: true };

fn replay(wanted: Wanted) -> Replay {
    Replay::new(small(), wanted).unwrap()
}

fn sets(sets: Sets) -> Wanted {
    Wanted { sets: Some(sets), ..ALL }
}

fn asked(replay: &Replay) -> Vec<(u64, Kind)> {
    (0..replay.len()).map(|ticket| (replay.row(ticket), replay.kind(ticket).unwrap())).collect()
}

#[test]
fn sets_are_writes_or_fills_or_left_out_and_then_deletes_leave_the_row() {
    use Kind::{Delete, Fill, Invalidate, Read, Write};
    let as_writes = [(0, Read), (0, Write), (1, Read), (0, Write), (2, Read), (2, Write), (0, Delete)];
    assert_eq!(asked(&replay(ALL)), as_writes);
    assert_eq!(asked(&replay(sets(Sets::Writes))), as_writes);
    let as_fills = [(0, Read), (0, Fill), (1, Read), (0, Fill), (2, Read), (2, Fill), (0, Invalidate)];
    assert_eq!(asked(&replay(sets(Sets::Fills))), as_fills);
    assert_eq!(asked(&replay(sets(Sets::Skip))), [(0, Read), (1, Read), (2, Read), (0, Invalidate)]);
    let told = [Sets::Writes, Sets::Fills, Sets::Skip].map(|of| {
        let replay = replay(sets(of));
        (replay.has_writes(), replay.fills(), replay.tells_cache())
    });
    assert_eq!(told, [(true, false, false), (false, true, true), (false, false, true)]);
    let keys_alone = replay(Wanted { operations: false, ..sets(Sets::Fills) });
    assert!(keys_alone.kind(1).is_none() && !keys_alone.fills() && !keys_alone.tells_cache());
}

#[test]
fn what_is_skipped_is_a_previous_period() {
    let replay = replay(Wanted { skip: 3, ..ALL });
    assert_eq!((replay.len(), replay.rows(), replay.row(0), replay.row(4)), (4, 3, 0, 0));
    assert_eq!((replay.previous(2), replay.previous(99)), (vec![0, 1], vec![0, 0, 1]));
    let times = [0, 1, 3, 4, 7].map(|ticket| replay.recorded_at(ticket).unwrap().as_secs());
    // The first request after the skipped ones came at 14 s, the last at 19 s, where the next round begins.
    assert_eq!(times, [0, 2, 5, 5, 10]);
    assert_eq!(self::replay(ALL).previous(5), [0; 0]);
    let wrong = Replay::new(small(), Wanted { skip: 7, ..ALL }).err().unwrap();
    assert!(wrong.0.contains("skip = 7 leaves nothing to replay: there are 7 requests"), "{wrong:?}");
}

#[test]
fn rows_have_the_first_size_and_time_that_is_known_and_writes_their_own() {
    let replay = replay(ALL);
    assert_eq!([0, 1, 2, 3].map(|row| replay.row_size(row)), [Some(100), Some(50), None, None]);
    assert_eq!([1, 3, 5].map(|ticket| replay.write_size(ticket)), [Some(100), Some(65_536), None]);
    let lifetimes = replay.lifetimes(Lifetimes::all(Some(Duration::from_secs(9))));
    let seconds = [0, 1, 2].map(|row| lifetimes.of(&Key::new("c:", row)).map(|ttl| ttl.as_secs()));
    assert_eq!(seconds, [Some(60), Some(9), Some(9)]);
    let of_workload = self::replay(Wanted { sizes: false, ttls: false, ..ALL });
    assert!(of_workload.row_size(0).is_none() && of_workload.write_size(1).is_none());
    assert!(of_workload.lifetimes(Lifetimes::default()).of(&Key::new("c:", 0)).is_none());
}

#[test]
fn cut_bodies_and_sets_that_look_like_fills_are_told() {
    let notes = replay(ALL).notes().to_vec();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].starts_with("14.3 % of the trace's requests are of more than 64 KiB"), "{}", notes[0]);
    // The second SET of key 7 comes after its first one.
    assert!(notes[1].starts_with("66.7 % of the trace's SETs come right after a read"), "{}", notes[1]);
    let silent = Wanted { sizes: false, ..sets(Sets::Writes) };
    assert_eq!(replay(silent).notes(), [""; 0]);
    let alone = recording(&[(1, 7, "get", 1, 0), (2, 7, "set", 1, 0), (3, 7, "set", 1, 0)]);
    assert_eq!(Replay::new(alone, ALL).unwrap().notes(), [""; 0]);
}

#[test]
fn nothing_but_sets_leaves_nothing_to_replay_without_them() {
    let writes = || recording(&[(1, 7, "set", 1, 0), (2, 8, "set", 1, 0)]);
    assert!(Replay::new(writes(), sets(Sets::Skip)).is_err());
    assert!(Replay::new(writes(), sets(Sets::Fills)).is_ok());
}
