use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::traffic::{Random, Stream};

fn at(us: u64) -> Moment {
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

/// One event of a history, at the microsecond of its place in it.
#[derive(Clone, Copy, Debug)]
enum Event {
    ReadBegins { read: usize, row: u64 },
    ReadEnds { read: usize, row: u64, version: u64, client: usize },
    WriteBegins { row: u64 },
    WriteEnds { row: u64, version: Option<u64>, began: usize, client: usize },
    WriteFails { row: u64 },
}

const ROWS: u64 = 3;

#[derive(Clone, Copy)]
enum Step {
    Idle,
    Begun,
    Effective,
}

#[derive(Clone, Copy)]
struct Client {
    step: Step,
    read: Option<usize>,
    row: u64,
    version: u64,
    began: usize,
}

/// A history in which every operation takes effect at one moment between its begin and its end: nothing is wrong.
fn history(seed: u64, clients: usize, events: usize) -> Vec<Event> {
    let mut random = Random::new(seed, Stream::Operation, 0);
    let mut clients = vec![Client { step: Step::Idle, read: None, row: 0, version: 0, began: 0 }; clients];
    let (mut versions, mut history, mut reads) = ([1; ROWS as usize], Vec::new(), 0);
    while history.len() < events {
        let number = random.below(clients.len() as u64) as usize;
        let client = &mut clients[number];
        match client.step {
            Step::Idle => {
                let (row, is_read) = (random.below(ROWS), random.below(2) == 0);
                *client = Client {
                    step: Step::Begun,
                    read: is_read.then_some(reads),
                    row,
                    version: 0,
                    began: history.len(),
                };
                history.push(match is_read {
                    true => Event::ReadBegins { read: reads, row },
                    false => Event::WriteBegins { row },
                });
                reads += usize::from(is_read);
            }
            Step::Begun => {
                // Now and then a write has no effect.
                if client.read.is_none() && random.below(6) > 0 {
                    versions[client.row as usize] += 1;
                    client.version = versions[client.row as usize];
                }
                if client.read.is_some() {
                    client.version = versions[client.row as usize];
                }
                client.step = Step::Effective;
            }
            Step::Effective => {
                let Client { row, version, began, .. } = *client;
                history.push(match client.read {
                    Some(read) => Event::ReadEnds { read, row, version, client: number },
                    // Nor does the caller always hear of it.
                    None if random.below(8) == 0 => Event::WriteFails { row },
                    None => Event::WriteEnds {
                        row,
                        version: (version > 0).then_some(version),
                        began,
                        client: number,
                    },
                });
                client.step = Step::Idle;
            }
        }
    }
    history
}

/// Reads by what is wrong with them.
#[derive(Debug, Default, PartialEq)]
struct Wrong {
    stale: BTreeSet<(usize, u32)>,
    non_monotonic: BTreeSet<usize>,
    own_write_missed: BTreeSet<usize>,
    future: BTreeSet<usize>,
}

/// What the ledger finds as the history goes by.
fn online(history: &[Event], clients: usize) -> Wrong {
    let (ledger, mut wrong) = (Ledger::new(ROWS, ROWS), Wrong::default());
    let mut sessions: Vec<Session> = (0..clients).map(|_| Session::default()).collect();
    let mut floors = std::collections::HashMap::new();
    for (now, event) in history.iter().enumerate() {
        let time = |place: usize| at(1 + place as u64);
        match *event {
            Event::ReadBegins { read, row } => drop(floors.insert(read, (now, ledger.before_read(row)))),
            Event::ReadEnds { read, row, version, client } => {
                let (began, floor) = floors[&read];
                let verdict = ledger.after_read(row, floor, version, (time(began), time(now)));
                wrong.stale.extend(verdict.stale.map(|stale| (read, stale.behind)));
                wrong.non_monotonic.extend(verdict.non_monotonic.then_some(read));
                wrong.future.extend(verdict.future.then_some(read));
                let missed = sessions[client].misses_own_write(row, version);
                wrong.own_write_missed.extend(missed.then_some(read));
            }
            Event::WriteBegins { row } => ledger.before_write(row),
            Event::WriteEnds { row, version: Some(version), began, client } => {
                ledger.acknowledged(row, version, (time(began), time(now)));
                sessions[client].wrote(row, version);
            }
            Event::WriteEnds { row, version: None, .. } => ledger.without_effect(row),
            Event::WriteFails { row } => ledger.indeterminate(row),
        }
    }
    wrong
}

/// The same by the definitions, each read held against all that came before it.
fn offline(history: &[Event]) -> Wrong {
    let mut wrong = Wrong::default();
    for (end, event) in history.iter().enumerate() {
        let Event::ReadEnds { read, row, version, client } = *event else { continue };
        let begin = history
            .iter()
            .position(|event| matches!(event, Event::ReadBegins { read: other, .. } if *other == read));
        let (begin, until_end) = (begin.unwrap(), &history[..end]);
        let acknowledged = history[..begin].iter().filter_map(|event| match event {
            Event::WriteEnds { row: other, version, client, .. } if *other == row => {
                Some((version.as_ref()?, client))
            }
            _ => None,
        });
        let newest = acknowledged.clone().map(|(version, _)| *version).max().unwrap_or(1).max(1);
        if newest > version {
            wrong.stale.insert((read, (newest - version) as u32));
        }
        if acknowledged.rev().find(|(_, by)| **by == client).is_some_and(|(own, _)| *own > version) {
            wrong.own_write_missed.insert(read);
        }
        let mut returned = history[..begin].iter().filter_map(|event| match event {
            Event::ReadEnds { row: other, version, .. } if *other == row => Some(*version),
            _ => None,
        });
        if returned.any(|other| other > version) {
            wrong.non_monotonic.insert(read);
        }
        let begun = until_end
            .iter()
            .filter(|event| matches!(event, Event::WriteBegins { row: other } if *other == row));
        let void = until_end.iter().filter(
            |event| matches!(event, Event::WriteEnds { row: other, version: None, .. } if *other == row),
        );
        if version > 1 + begun.count() as u64 - void.count() as u64 {
            wrong.future.insert(read);
        }
    }
    wrong
}

proptest! {
    #[test]
    fn a_history_without_a_violation_has_none_for_either_checker(seed: u64, clients in 1usize..8) {
        let history = history(seed, clients, 300);
        prop_assert_eq!(online(&history, clients), Wrong::default());
        prop_assert_eq!(offline(&history), Wrong::default());
    }

    #[test]
    fn violations_that_are_put_in_are_exactly_those_that_both_checkers_find(seed: u64, clients in 2usize..8) {
        let mut history = history(seed, clients, 400);
        let mut random = Random::new(seed, Stream::Row, 1);
        let mut put_in = BTreeSet::new();
        for end in 0..history.len() {
            let Event::ReadEnds { read, row, .. } = history[end] else { continue };
            let begin = history.iter().position(|it| matches!(it, Event::ReadBegins { read: other, .. } if *other == read)).unwrap();
            let acknowledged = history[..begin].iter().filter_map(|it| match it {
                Event::WriteEnds { row: other, version, .. } if *other == row => *version,
                _ => None,
            });
            let newest = acknowledged.max().unwrap_or(1);
            if newest > 1 && random.below(5) == 0 {
                let behind = 1 + random.below(newest - 1);
                if let Event::ReadEnds { version, .. } = &mut history[end] {
                    *version = newest - behind;
                }
                put_in.insert((read, behind as u32));
            }
        }
        let found = online(&history, clients);
        prop_assert_eq!(&found.stale, &put_in);
        prop_assert_eq!(found, offline(&history));
    }

    #[test]
    fn both_checkers_agree_whatever_reads_return(seed: u64, clients in 1usize..8) {
        let mut history = history(seed, clients, 400);
        let mut random = Random::new(seed, Stream::Row, 2);
        for event in &mut history {
            if let Event::ReadEnds { version, .. } = event
                && random.below(3) == 0
            {
                *version = (*version + random.below(5)).saturating_sub(2);
            }
        }
        prop_assert_eq!(online(&history, clients), offline(&history));
    }
}

#[test]
fn a_row_that_never_exists_is_fresh_and_takes_no_room() {
    let (ledger, id) = (Ledger::new(2, 2), crate::traffic::Absent::FIRST);
    let floor = ledger.before_read(id);
    assert_eq!(ledger.after_read(id, floor, 0, (at(1), at(2))), Freshness::default());
    ledger.unread_again(id, floor);
    assert!(ledger.account(id).is_none() && ledger.rows.len() == 1);
}
