use serde::Serialize;

use super::Recording;

/// How soon keys come again. The distance is the number of other keys that were requested since.
///
/// It decides what an LRU cache holds: one of `n` entries still has every key of a distance below `n`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reuse {
    /// Requests of a key that was requested before.
    pub reuses: u64,
    /// Of their distances, as those below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p90: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// What LRU caches of several sizes would have hit.
    pub lru: Vec<Lru>,
}

/// The hits of an LRU cache that starts cold, takes in every miss and counts entries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Lru {
    pub percent_of_keys: u32,
    pub entries: u64,
    pub hits: u64,
    pub hit_rate: f64,
}

const PERCENTS: [u32; 4] = [1, 5, 10, 25];

impl Reuse {
    pub(super) fn of(recording: &Recording) -> Reuse {
        let unique = recording.unique_keys() as usize;
        let mut stack = Stack::new(unique);
        // How often each distance came; all are below the number of keys.
        let mut counts = vec![0u64; unique];
        for key in recording.keys() {
            if let Some(distance) = stack.request(*key) {
                counts[distance as usize] += 1;
            }
        }
        let reuses = recording.len() - unique as u64;
        let below = |entries: u64| counts.iter().take(entries as usize).sum::<u64>();
        let lru = PERCENTS.map(|percent| {
            let entries = unique as u64 * u64::from(percent) / 100;
            let hits = below(entries);
            Lru { percent_of_keys: percent, entries, hits, hit_rate: hits as f64 / recording.len() as f64 }
        });
        let [p50, p90, p99, max] = [0.5, 0.9, 0.99, 1.0].map(|q| quantile(&counts, reuses, q));
        Reuse { reuses, p50, p90, p99, max, lru: lru.to_vec() }
    }
}

/// The smallest distance that is not below the share `q` of all.
fn quantile(counts: &[u64], total: u64, q: f64) -> Option<u64> {
    let rank = ((q * total as f64).ceil() as u64).clamp(1, total.max(1));
    let mut seen = 0;
    let reached = |count: &u64| {
        seen += count;
        seen >= rank
    };
    counts.iter().position(reached).map(|distance| distance as u64)
}

/// The keys by their last request, in slots from the oldest to the newest.
///
/// A Fenwick tree counts the slots that are taken, so that a distance takes a logarithm of the keys (Bennett and
/// Kruskal 1975). When the slots are used up, the keys move together.
struct Stack {
    /// Slots from 1, as the tree counts them; 0 for keys that were not requested yet.
    slot_of: Vec<u32>,
    key_in: Vec<u32>,
    tree: Vec<u32>,
    /// The next free slot, and how many are taken.
    next: usize,
    taken: u32,
}

impl Stack {
    fn new(keys: usize) -> Stack {
        let slots = (4 * keys).max(64);
        Stack {
            slot_of: vec![0; keys],
            key_in: vec![0; slots + 1],
            tree: vec![0; slots + 1],
            next: 1,
            taken: 0,
        }
    }

    /// Requests a key; tells how many others were requested since its last time, or that there was none.
    fn request(&mut self, key: u32) -> Option<u32> {
        if self.next == self.tree.len() {
            self.move_together();
        }
        let last = self.slot_of[key as usize] as usize;
        let distance = (last > 0).then(|| {
            let distance = self.taken - self.up_to(last);
            self.add(last, u32::MAX);
            self.taken -= 1;
            distance
        });
        self.key_in[self.next] = key;
        self.slot_of[key as usize] = self.next as u32;
        self.add(self.next, 1);
        self.taken += 1;
        self.next += 1;
        distance
    }

    fn move_together(&mut self) {
        let mut next = 1;
        for slot in 1..self.next {
            let key = self.key_in[slot];
            if self.slot_of[key as usize] as usize == slot {
                self.key_in[next] = key;
                self.slot_of[key as usize] = next as u32;
                next += 1;
            }
        }
        self.next = next;
        self.tree.fill(0);
        for slot in 1..self.tree.len() {
            self.tree[slot] += u32::from(slot < next);
            let parent = slot + (slot & slot.wrapping_neg());
            if parent < self.tree.len() {
                self.tree[parent] += self.tree[slot];
            }
        }
    }

    /// Adds to a slot; `u32::MAX` takes one away.
    fn add(&mut self, mut slot: usize, change: u32) {
        while let Some(sum) = self.tree.get_mut(slot) {
            *sum = sum.wrapping_add(change);
            slot += slot & slot.wrapping_neg();
        }
    }

    /// How many slots are taken up to this one.
    fn up_to(&self, mut slot: usize) -> u32 {
        let mut sum = 0u32;
        while slot > 0 {
            sum = sum.wrapping_add(self.tree[slot]);
            slot &= slot - 1;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::traffic::traces::{Request, TraceKey};

    #[test]
    fn distances_are_the_numbers_of_other_keys_since() {
        // Often enough that the keys move together many times.
        let keys: Vec<u32> = (0..5_000u64).map(|n| (n * n * 7_919 % 10_007 % (3 + n % 37)) as u32).collect();
        let mut stack = Stack::new(40);
        for (index, key) in keys.iter().enumerate() {
            let last = keys[..index].iter().rposition(|before| before == key);
            let expected = last.map(|last| keys[last + 1..index].iter().collect::<HashSet<_>>().len() as u32);
            assert_eq!(stack.request(*key), expected, "request {index}");
        }
    }

    #[test]
    fn a_cycle_has_no_hits_below_its_length() {
        let cycle = (0..1_000).map(|n| Request::of(TraceKey::Number(n % 100)));
        let reuse = Reuse::of(&Recording::of(cycle).unwrap());
        assert_eq!((reuse.reuses, reuse.p50, reuse.max), (900, Some(99), Some(99)));
        assert!(reuse.lru.iter().all(|lru| lru.hits == 0));
        assert_eq!(reuse.lru.iter().map(|lru| lru.entries).collect::<Vec<_>>(), [1, 5, 10, 25]);
    }

    #[test]
    fn without_reuses_there_are_no_distances() {
        let reuse = Reuse::of(&Recording::of((0..9).map(|n| Request::of(TraceKey::Number(n)))).unwrap());
        assert_eq!((reuse.reuses, reuse.p50, reuse.max), (0, None, None));
    }
}
