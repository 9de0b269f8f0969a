use std::sync::Arc;

use super::marks::Marks;
use super::{Access, Scenario};
use crate::simulation::scenario::Effect;
use crate::traffic::traces::Recording;

/// Held keys by when each is asked for next.
///
/// No two keys are asked for by one request, so the numbers of the requests to come are a set of marks, and the
/// farthest is the highest mark. Marks of requests that are past lie below and are left there.
pub(super) struct Future {
    recording: Arc<Recording>,
    /// By request: the next read of its key, unless it is written before; else [`NEVER`].
    next: Vec<u32>,
    /// By key: the next read of it, [`NEVER`], or [`ABSENT`] where it is not held.
    next_of: Vec<u32>,
    marks: Marks,
    /// Keys that were never to be read again as they came in; some have gone since.
    done: Vec<u32>,
}

pub(super) const NEVER: u32 = u32::MAX;
const ABSENT: u32 = u32::MAX - 1;

impl Future {
    pub fn new(scenario: &Scenario) -> Future {
        let recording = &scenario.recording;
        let mut next_of = vec![NEVER; recording.unique_keys() as usize];
        let mut next = vec![NEVER; recording.keys().len()];
        for (index, &key) in recording.keys().iter().enumerate().rev() {
            let read = scenario.effect(index as u32) == Effect::Read;
            let value = if read { index as u32 } else { NEVER };
            next[index] = std::mem::replace(&mut next_of[key as usize], value);
        }
        next_of.fill(ABSENT);
        Future {
            recording: recording.clone(),
            next,
            next_of,
            marks: Marks::new(recording.keys().len()),
            done: Vec::new(),
        }
    }

    /// The next read of the key asked for, or [`NEVER`].
    #[inline]
    pub fn next(&self, access: Access) -> u32 {
        self.next[access.index as usize]
    }

    /// Holds the key asked for from now on.
    #[inline]
    pub fn hold(&mut self, access: Access) {
        let next = self.next(access);
        self.next_of[access.key as usize] = next;
        if next == NEVER {
            self.done.push(access.key);
        } else {
            self.marks.insert(next);
        }
    }

    #[inline]
    pub fn forget(&mut self, key: u32) {
        self.next_of[key as usize] = ABSENT;
    }

    /// The held key whose next read is the farthest away, and the number of that read or [`NEVER`].
    #[inline]
    pub fn farthest(&mut self) -> Option<(u32, u32)> {
        while let Some(&key) = self.done.last() {
            if self.next_of[key as usize] == NEVER {
                return Some((key, NEVER));
            }
            self.done.pop();
        }
        while let Some(at) = self.marks.highest() {
            let key = self.recording.keys()[at as usize];
            if self.next_of[key as usize] == at {
                return Some((key, at));
            }
            self.marks.remove(at);
        }
        None
    }
}
