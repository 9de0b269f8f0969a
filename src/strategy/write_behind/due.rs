use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Parts that are asked again in one round although nothing is known to wait in them.
const AGAIN: usize = 32;

/// The parts of a cache in which rows may wait for their flush.
///
/// A write is noted before it is sent and once more when it has been answered. One whose caller gave it up may take
/// effect in between or later, unseen; so parts that were ever written to are asked again in turn, a few a round.
#[derive(Default)]
pub struct Due {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// How many parts the cache had when all were last asked for; 0 before.
    parts: u16,
    waiting: HashMap<u16, Note>,
    /// Parts that were ever written to.
    known: BTreeSet<u16>,
    /// Where the turn of those is.
    turn: u16,
}

#[derive(Clone, Copy)]
struct Note {
    /// Since when a row waits there at the earliest, in microseconds of Unix time.
    since_us: u64,
    /// Whether it was noted since it was last asked.
    is_new: bool,
}

impl Due {
    /// Notes that a row may wait in a part.
    pub fn note(&self, part: u16, since_us: u64) {
        let mut inner = self.lock();
        let note = inner.waiting.entry(part).or_insert(Note { since_us, is_new: true });
        note.since_us = note.since_us.min(since_us);
        note.is_new = true;
        inner.known.insert(part);
    }

    /// The parts to be asked, those first in which a row has waited longest. Where the cache has other parts than before,
    /// all of them are: nobody knows what another process has left there.
    pub fn parts(&self, parts: u16) -> Vec<u16> {
        let mut inner = self.lock();
        if inner.parts != parts {
            inner.parts = parts;
            for part in 0..parts {
                inner.waiting.entry(part).or_insert(Note { since_us: 0, is_new: false });
            }
        }
        inner.take_turns();
        let mut due: Vec<(u64, u16)> =
            inner.waiting.iter().map(|(part, note)| (note.since_us, *part)).collect();
        due.sort_unstable();
        due.into_iter().map(|(_, part)| part).collect()
    }

    /// All parts that were ever written to are asked next.
    pub fn recall(&self) {
        let mut inner = self.lock();
        for part in inner.known.clone() {
            inner.waiting.entry(part).or_insert(Note { since_us: u64::MAX, is_new: false });
        }
    }

    /// A part is about to be asked.
    pub fn asking(&self, part: u16) {
        if let Some(note) = self.lock().waiting.get_mut(&part) {
            note.is_new = false;
        }
    }

    /// Nothing waited in a part when it was asked, or what did is flushed.
    pub fn emptied(&self, part: u16) {
        let mut inner = self.lock();
        if inner.waiting.get(&part).is_some_and(|note| !note.is_new) {
            inner.waiting.remove(&part);
        }
    }

    /// Since when the oldest row waits in a part that was asked.
    pub fn waits(&self, part: u16, since_us: u64) {
        let mut inner = self.lock();
        inner.known.insert(part);
        inner.waiting.entry(part).or_insert(Note { since_us, is_new: false }).since_us = since_us;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn take_turns(&mut self) {
        let after = self.known.range(self.turn..).chain(self.known.range(..self.turn));
        let turn: Vec<u16> = after.copied().take(AGAIN).collect();
        self.turn = turn.last().map_or(0, |last| last.wrapping_add(1));
        for part in turn {
            // After all that are known to wait.
            self.waiting.entry(part).or_insert(Note { since_us: u64::MAX, is_new: false });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask_all(due: &Due, parts: u16) -> Vec<u16> {
        let asked = due.parts(parts);
        for part in &asked {
            due.asking(*part);
            due.emptied(*part);
        }
        asked
    }

    #[test]
    fn all_parts_are_asked_once_and_those_that_were_written_to_go_on_to_be() {
        let due = Due::default();
        assert_eq!(ask_all(&due, 3), [0, 1, 2]);
        assert_eq!(ask_all(&due, 3), [] as [u16; 0]);
        due.note(2, 7);
        due.note(1, 5);
        assert_eq!(ask_all(&due, 3), [1, 2], "the longest wait first");
        assert_eq!(ask_all(&due, 3), [1, 2], "what was given up may land late");
        assert_eq!(ask_all(&due, 4), [0, 1, 2, 3], "the cache has other parts now");
    }

    #[test]
    fn a_part_that_is_noted_while_it_is_asked_stays_due() {
        let due = Due::default();
        ask_all(&due, 2);
        due.note(1, 5);
        due.asking(1);
        due.note(1, 6);
        due.emptied(1);
        assert!(due.lock().waiting.contains_key(&1));
    }

    #[test]
    fn turns_go_round() {
        let due = Due::default();
        for part in 0..100 {
            due.note(part, 1);
        }
        let mut seen = BTreeSet::new();
        ask_all(&due, 100);
        for _ in 0..4 {
            seen.extend(ask_all(&due, 100));
        }
        assert_eq!(seen.len(), 100);
    }
}
