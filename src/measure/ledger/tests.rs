use super::*;

/// A moment, in microseconds.
pub fn at(us: u64) -> Moment {
    Moment::from_bits(us * 1_000)
}

fn read(ledger: &Ledger, version: u64, from: u64, to: u64) -> Freshness {
    ledger.after_read(1, ledger.before_read(1), version, (at(from), at(to)))
}

/// A ledger of one row whose write of version 2 took from 10 to 20 us.
fn written() -> Ledger {
    let ledger = Ledger::new(2, 2);
    ledger.before_write(1);
    ledger.acknowledged(1, 2, (at(10), at(20)));
    ledger
}

#[test]
fn a_read_that_misses_an_acknowledged_write_is_stale_and_its_age_is_bounded() {
    let ledger = written();
    assert_eq!(read(&ledger, 2, 30, 40), Freshness::default());
    let verdict = read(&ledger, 1, 50, 60);
    assert_eq!(verdict.stale, Some(Stale { behind: 1, age_ns: 30_000, age_at_most_ns: Some(50_000) }));
    assert!(verdict.non_monotonic && !verdict.future);
}

#[test]
fn a_write_in_flight_is_concurrent_whatever_a_read_returns() {
    let ledger = Ledger::new(2, 2);
    ledger.before_write(1);
    for version in [1, 2] {
        let floor = ledger.before_read(1);
        ledger.acknowledged(1, 2, (at(10), at(20)));
        let verdict = ledger.after_read(1, ReadFloor { written: 1, ..floor }, version, (at(15), at(25)));
        assert_eq!(verdict, Freshness::default());
    }
}

#[test]
fn what_a_read_has_seen_must_not_be_unseen_even_before_it_is_acknowledged() {
    let ledger = Ledger::new(2, 2);
    ledger.before_write(1);
    assert_eq!(read(&ledger, 2, 30, 40), Freshness::default());
    let verdict = read(&ledger, 1, 50, 60);
    assert!(verdict.non_monotonic && verdict.stale.is_none());
    // Known since the first read of it ended, not since the acknowledgement.
    ledger.acknowledged(1, 2, (at(10), at(70)));
    let stale = read(&ledger, 1, 80, 90).stale.unwrap();
    assert_eq!((stale.age_ns, stale.age_at_most_ns), (40_000, Some(80_000)));
}

#[test]
fn a_version_that_nobody_can_have_written_is_told() {
    let ledger = written();
    assert!(read(&ledger, 3, 30, 40).future);
    ledger.before_write(1);
    ledger.without_effect(1);
    assert!(read(&ledger, 3, 50, 60).future, "a write that changed nothing made no version");
    ledger.before_write(1);
    ledger.indeterminate(1);
    assert!(!read(&ledger, 3, 70, 80).future);
}

#[test]
fn the_age_of_a_version_long_gone_is_a_lower_bound() {
    let ledger = written();
    for version in 3..20 {
        ledger.before_write(1);
        ledger.acknowledged(1, version, (at(version * 10), at(version * 10 + 5)));
    }
    // Of versions 2 to 19, the last eight are kept: 12 is the oldest of them.
    let stale = read(&ledger, 1, 1_000, 1_010).stale.unwrap();
    assert_eq!((stale.behind, stale.age_ns, stale.age_at_most_ns), (18, (1_000 - 125) * 1_000, None));
}

#[test]
fn the_first_read_after_a_write_is_told_once() {
    let ledger = written();
    assert_eq!(ledger.before_read(1).first_after_write(), Some(2));
    assert_eq!(ledger.before_read(1).first_after_write(), None);
    assert_eq!(ledger.before_read(0).first_after_write(), None);
}

#[test]
fn rows_are_accounted_for_and_those_beyond_the_room_are_not_followed() {
    let ledger = written();
    ledger.before_write(1);
    ledger.indeterminate(1);
    let account = Account { initial: 1, acknowledged: 1, indeterminate: 1, newest: 2, stored: 1 };
    assert_eq!(ledger.account(1), Some(account));
    assert_eq!((ledger.unflushed().writes, ledger.unflushed().rows), (1, 1));
    assert_eq!((ledger.write_off().writes, ledger.write_off().writes), (1, 0));
    ledger.stored(1, 2);
    assert_eq!(ledger.unflushed(), Unflushed::default());
    assert_eq!(ledger.account(CHUNK), None);
    ledger.before_write(CHUNK);
    assert_eq!(ledger.before_read(CHUNK), ReadFloor::default());
}

#[test]
fn ten_million_rows_that_are_all_written_fit_into_two_gibibytes() {
    let (row, ring) = (size_of::<Row>(), size_of::<ring::Ring>());
    assert!((row + ring) * 10_000_000 < 2 << 30, "{row} + {ring} bytes");
}

#[test]
fn a_row_that_never_exists_is_fresh_and_takes_no_room() {
    let (ledger, id) = (Ledger::new(2, 2), crate::traffic::Absent::FIRST);
    let floor = ledger.before_read(id);
    assert_eq!(ledger.after_read(id, floor, 0, (at(1), at(2))), Freshness::default());
    ledger.unread_again(id, floor);
    assert!(ledger.account(id).is_none() && ledger.rows.len() == 1);
}
