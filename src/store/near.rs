use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::model::{Event, Key, Value};

/// Rows share so many epochs: one that is taken out turns away what is on its way for the rows that share its own.
const SHARDS: usize = 1024;
/// How long the version of an event is kept in mind: as far as the transport may be ahead of the cache behind.
const KEPT_IN_MIND: Duration = Duration::from_secs(60);
/// Rows whose versions are kept in mind, at most.
const MOST_KEPT_IN_MIND: u64 = 1 << 17;

/// The near cache of one service instance: rows inside its process, in front of the cache that instances share.
///
/// Who reads a row from behind it takes a [`Ticket`] before, and what comes back is kept only if nothing was taken out of
/// the row's shard meanwhile: else a row that was read before a write could come to stay after the word of the write. Nor
/// is a row kept that is older than an event that was heard of it, since the cache behind may hear of it later.
pub struct NearCache {
    entries: Cache<(u64, u8), Value>,
    /// The newest version that was heard of a row.
    heard: Cache<u64, u64>,
    epochs: Box<[Mutex<u64>]>,
    /// Whether rows that came late are turned away.
    checks: bool,
    turned_away: AtomicU64,
}

/// What a near cache is built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NearOptions {
    /// Rows that it holds, at most.
    pub entries: u64,
    /// How long it holds them.
    pub ttl: Option<Duration>,
    /// Whether rows that came late are turned away; without it, they may be old until their TTL.
    pub checks: bool,
}

/// A read from behind a near cache that is under way.
#[derive(Clone, Copy, Debug)]
pub struct Ticket(u64);

impl NearCache {
    pub fn new(options: NearOptions) -> NearCache {
        let entries = Cache::builder().max_capacity(options.entries);
        let entries = match options.ttl {
            Some(ttl) => entries.time_to_live(ttl),
            None => entries,
        };
        NearCache {
            entries: entries.build(),
            // The newest are kept, whatever was asked for most.
            heard: Cache::builder()
                .max_capacity(MOST_KEPT_IN_MIND)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_live(KEPT_IN_MIND)
                .build(),
            epochs: (0..SHARDS).map(|_| Mutex::default()).collect(),
            checks: options.checks,
            turned_away: AtomicU64::new(0),
        }
    }

    /// The row, if it is here.
    pub fn get(&self, key: &Key) -> Option<Value> {
        self.entries.get(&name(key))
    }

    /// To be taken before the row is read from behind.
    pub fn ticket(&self, key: &Key) -> Ticket {
        Ticket(*self.epoch(key.id()))
    }

    /// Keeps a row that was read since the ticket was taken, unless it may have been written meanwhile.
    pub fn keep(&self, key: &Key, value: &Value, ticket: Ticket) {
        // Held until it is kept, so that nothing is taken out in between.
        let epoch = self.epoch(key.id());
        let is_late =
            *epoch != ticket.0 || self.heard.get(&key.id()).is_some_and(|heard| value.version < heard);
        if self.checks && is_late {
            self.turned_away.fetch_add(1, Relaxed);
            return;
        }
        // Two readers may come back in another order than they were served in.
        let has_newer = self.entries.get(&name(key)).is_some_and(|held| held.version > value.version);
        if !has_newer {
            self.entries.insert(name(key), value.clone());
        }
    }

    /// Takes out what an event of a row makes old, of so many variants beside its own; says how many entries those were.
    pub fn take_out(&self, event: Event, variants: u8) -> u64 {
        let mut epoch = self.epoch(event.row);
        *epoch = epoch.wrapping_add(1);
        if let Some(version) = event.version {
            let known = self.heard.get(&event.row).unwrap_or(0);
            self.heard.insert(event.row, version.max(known));
        }
        let is_old = |held: &Value| event.version.is_none_or(|version| held.version < version);
        let names = (0..=variants).map(|variant| (event.row, variant));
        let old: Vec<_> =
            names.filter(|name| self.entries.get(name).is_some_and(|held| is_old(&held))).collect();
        old.iter().for_each(|name| self.entries.invalidate(name));
        old.len() as u64
    }

    /// Takes everything out.
    pub fn clear(&self) {
        let mut epochs: Vec<_> = self.epochs.iter().map(locked).collect();
        epochs.iter_mut().for_each(|epoch| **epoch = epoch.wrapping_add(1));
        self.entries.invalidate_all();
    }

    /// Rows that are here now, with their versions.
    pub fn versions(&self) -> Vec<(u64, u64)> {
        self.entries.run_pending_tasks();
        self.entries.iter().map(|(name, value)| (name.0, value.version)).collect()
    }

    /// Rows that were not kept since they came late.
    pub fn turned_away(&self) -> u64 {
        self.turned_away.load(Relaxed)
    }

    fn epoch(&self, row: u64) -> MutexGuard<'_, u64> {
        locked(&self.epochs[row as usize % SHARDS])
    }
}

fn name(key: &Key) -> (u64, u8) {
    (key.id(), key.variant())
}

fn locked(epoch: &Mutex<u64>) -> MutexGuard<'_, u64> {
    epoch.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(checks: bool) -> NearCache {
        NearCache::new(NearOptions { entries: 100, ttl: None, checks })
    }

    fn value(version: u64) -> Value {
        Value { version, ..Value::default() }
    }

    fn version(near: &NearCache, key: &Key) -> Option<u64> {
        near.get(key).map(|value| value.version)
    }

    #[test]
    fn what_was_read_before_the_word_of_a_write_is_not_kept_after_it_but_without_the_check_it_is() {
        let key = Key::new("n:", 7);
        for (checks, kept) in [(true, None), (false, Some(1))] {
            for event in [Event::new(7, 2), Event::of_row(7)] {
                let near = near(checks);
                let ticket = near.ticket(&key);
                near.take_out(event, 0);
                near.keep(&key, &value(1), ticket);
                assert_eq!(
                    (version(&near, &key), near.turned_away()),
                    (kept, u64::from(checks)),
                    "{event:?}"
                );
            }
        }
    }

    #[test]
    fn a_row_older_than_an_event_is_not_kept_however_late_it_was_read() {
        let (key, near) = (Key::new("n:", 7), near(true));
        near.take_out(Event::new(7, 3), 0);
        near.take_out(Event::new(7, 2), 0);
        near.keep(&key, &value(2), near.ticket(&key));
        assert_eq!(version(&near, &key), None);
        near.keep(&key, &value(3), near.ticket(&key));
        assert_eq!(version(&near, &key), Some(3));
    }

    #[test]
    fn events_that_come_twice_or_late_take_out_nothing_that_is_as_new() {
        let (key, near) = (Key::new("n:", 7), near(true));
        near.keep(&key, &value(3), near.ticket(&key));
        assert_eq!((near.take_out(Event::new(7, 3), 0), near.take_out(Event::new(7, 2), 0)), (0, 0));
        assert_eq!(version(&near, &key), Some(3));
        near.keep(&key, &value(2), near.ticket(&key));
        assert_eq!(version(&near, &key), Some(3));
        assert_eq!(near.take_out(Event::new(7, 4), 0), 1);
        assert_eq!(version(&near, &key), None);
    }

    #[test]
    fn all_entries_of_a_row_go_together_and_those_of_others_stay() {
        let near = near(true);
        let (key, other) = (Key::new("n:", 7), Key::new("n:", 8));
        for key in [key, key.of_variant(1, "slug:"), key.of_variant(2, "sum:"), other] {
            near.keep(&key, &value(1), near.ticket(&key));
        }
        assert_eq!(near.take_out(Event::new(7, 2), 2), 3);
        assert_eq!(near.versions(), [(8, 1)]);
        let ticket = near.ticket(&other);
        near.clear();
        near.keep(&other, &value(1), ticket);
        assert_eq!(near.versions(), []);
    }
}
