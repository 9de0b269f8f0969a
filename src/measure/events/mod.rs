//! Events: follows the word of every write to those who are to hear it.

mod record;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use record::{ConsumerRecord, Coverage, EventsSummary, Level};

use crate::model::{Event, Moment};

/// Rows are kept apart by so many locks, so that writers and consumers seldom meet.
const STRIPES: u64 = 64;

/// What becomes of the word of each write, by consumer: a service, whose entries are in the cache, or an instance with its
/// near cache.
#[derive(Default)]
pub struct Events {
    consumers: Vec<Consumer>,
    /// By row.
    stripes: Vec<Mutex<HashMap<u64, Vec<Followed>>>>,
    published: AtomicU64,
    unpublished: AtomicU64,
}

/// The word of one write.
struct Followed {
    version: u64,
    /// Nothing as long as an event has come but its write has not ended.
    committed: Option<Moment>,
    /// By consumer: when it had taken out what is older.
    applied: Box<[Option<Moment>]>,
}

/// What one consumer has heard.
#[derive(Default)]
struct Consumer {
    level: Level,
    number: usize,
    heard: AtomicU64,
    again: AtomicU64,
    dropped: AtomicU64,
    keys: AtomicU64,
    reconnects: AtomicU64,
    /// When it threw away everything.
    flushes: Mutex<Vec<Moment>>,
}

impl Events {
    /// For so many services with entries in the cache, and so many instances with near caches.
    pub fn new(services: usize, instances: usize) -> Events {
        let consumer = |level| move |number| Consumer { level, number, ..Consumer::default() };
        let services = (0..services).map(consumer(Level::Cache));
        let instances = (0..instances).map(consumer(Level::Near));
        Events {
            consumers: services.chain(instances).collect(),
            stripes: (0..STRIPES).map(|_| Mutex::default()).collect(),
            ..Events::default()
        }
    }

    /// Whether anybody is to hear anything.
    pub fn is_followed(&self) -> bool {
        !self.consumers.is_empty()
    }

    /// The place of a consumer among all.
    pub fn place(&self, level: Level, number: usize) -> Option<usize> {
        self.consumers.iter().position(|it| it.level == level && it.number == number)
    }

    /// A write has been committed with this version.
    pub fn committed(&self, row: u64, version: u64) {
        if self.is_followed() {
            let now = Moment::now();
            self.follow(row, version, |followed| followed.committed = Some(now));
        }
    }

    /// The word of a write went out.
    pub fn published(&self) {
        self.published.fetch_add(1, Relaxed);
    }

    /// It could not be told, and will not be.
    pub fn unpublished(&self) {
        self.unpublished.fetch_add(1, Relaxed);
    }

    /// A consumer has taken out what an event makes old: so many entries.
    pub fn applied(&self, place: usize, event: Event, keys: u64) {
        let Some(consumer) = self.consumers.get(place) else { return };
        consumer.heard.fetch_add(1, Relaxed);
        consumer.keys.fetch_add(keys, Relaxed);
        let now = Moment::now();
        let note = |followed: &mut Followed| {
            let is_first = followed.applied[place].is_none();
            followed.applied[place].get_or_insert(now);
            is_first
        };
        let is_first = match event.version {
            Some(version) => self.follow(event.row, version, note),
            None => {
                let mut rows = self.stripe(event.row);
                let known = rows.get_mut(&event.row).into_iter().flatten().rev();
                // Those before one that was applied have been, too.
                let new = known.take_while(|followed| followed.applied[place].is_none());
                let marked = new.filter(|followed| followed.committed.is_some()).map(note);
                marked.filter(|is_first| *is_first).count() > 0
            }
        };
        if !is_first && event.version.is_some() {
            consumer.again.fetch_add(1, Relaxed);
        }
    }

    /// An event was kept from a consumer on purpose.
    pub fn dropped(&self, place: usize) {
        if let Some(consumer) = self.consumers.get(place) {
            consumer.dropped.fetch_add(1, Relaxed);
        }
    }

    /// A consumer may have missed events, and has thrown away everything.
    pub fn flushed(&self, place: usize) {
        if let Some(consumer) = self.consumers.get(place) {
            consumer.flushes.lock().unwrap_or_else(PoisonError::into_inner).push(Moment::now());
        }
    }

    /// A consumer lost its connection, and has another.
    pub fn reconnected(&self, place: usize) {
        if let Some(consumer) = self.consumers.get(place) {
            consumer.reconnects.fetch_add(1, Relaxed);
        }
    }

    /// Forgets what has been so far.
    pub fn restart(&self) {
        self.stripes.iter().for_each(|stripe| stripe.lock().unwrap_or_else(PoisonError::into_inner).clear());
        self.published.store(0, Relaxed);
        self.unpublished.store(0, Relaxed);
        for consumer in &self.consumers {
            let Consumer { heard, again, dropped, keys, reconnects, flushes, .. } = consumer;
            [heard, again, dropped, keys, reconnects].iter().for_each(|count| count.store(0, Relaxed));
            flushes.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// Events that some consumer has not applied yet, and events that all have: they add up to those committed, once for each
    /// consumer.
    pub fn progress(&self) -> Progress {
        let mut progress = Progress::default();
        for stripe in &self.stripes {
            let rows = stripe.lock().unwrap_or_else(PoisonError::into_inner);
            for followed in rows.values().flatten().filter(|followed| followed.committed.is_some()) {
                let applied = followed.applied.iter().flatten().count() as u64;
                progress.applied += applied;
                progress.open += followed.applied.len() as u64 - applied;
            }
        }
        progress
    }

    fn stripe(&self, row: u64) -> MutexGuard<'_, HashMap<u64, Vec<Followed>>> {
        self.stripes[(row % STRIPES) as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes something of the word of a write; it may come before the write itself has ended.
    fn follow<T>(&self, row: u64, version: u64, note: impl FnOnce(&mut Followed) -> T) -> T {
        let mut rows = self.stripe(row);
        let versions = rows.entry(row).or_default();
        // In their order, and most often the newest: it is found or belongs behind the first that is not newer.
        let not_newer = versions.iter().rposition(|followed| followed.version <= version);
        let place = match not_newer {
            Some(place) if versions[place].version == version => place,
            place => {
                let place = place.map_or(0, |place| place + 1);
                let applied = vec![None; self.consumers.len()].into();
                versions.insert(place, Followed { version, committed: None, applied });
                place
            }
        };
        note(&mut versions[place])
    }
}

/// How far the word of writes has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub applied: u64,
    pub open: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_comes_before_its_write_has_ended_and_twice_counts_once() {
        let events = Events::new(1, 0);
        events.applied(0, Event::new(5, 2), 1);
        assert_eq!(events.progress(), Progress::default());
        events.committed(5, 2);
        events.applied(0, Event::new(5, 2), 0);
        assert_eq!(events.progress(), Progress { applied: 1, open: 0 });
        let told = events.summary(Coverage { is_whole: true, ..Coverage::default() });
        let record = &told.consumers[0];
        assert_eq!((record.events, record.missed, record.heard, record.again), (1, Some(0), 2, 1));
    }

    #[test]
    fn an_event_without_a_version_stands_for_all_before_it() {
        let events = Events::new(0, 2);
        events.committed(5, 2);
        events.committed(5, 3);
        events.applied(1, Event::of_row(5), 1);
        events.committed(5, 4);
        assert_eq!(events.progress(), Progress { applied: 2, open: 4 });
        events.restart();
        assert_eq!(events.progress(), Progress::default());
    }
}
