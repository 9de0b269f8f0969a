//! Histories: the ledger, which judges as they go by, held against a checker by the definitions.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;

use super::tests::at;
use super::{Ledger, Session};
use crate::traffic::{Random, Stream};

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
    let mut floors = HashMap::new();
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
