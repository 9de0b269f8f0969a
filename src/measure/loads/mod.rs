//! Loads: every load of a row on behalf of readers, grouped by the expiry that caused it.

mod entered;
mod epoch;
mod summary;
#[cfg(test)]
mod tests;
mod timeline;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use entered::Entered;
use epoch::Epoch;
pub use summary::LoadSummary;
pub use timeline::{BIN, TIMELINE, Timeline};

use crate::model::Moment;

/// How long a closed epoch is kept for stragglers, in nanoseconds; also how long after its beginning reads count as
/// those around an expiry.
const LINGER: u64 = 1_000_000_000;
/// A read that started so many nanoseconds before the beginning of the epoch is one of its first.
const BEFORE: u64 = 1_000_000;
/// A power of two.
const SHARDS: usize = 1_024;
/// A shard with fewer epochs is not swept.
const SMALL: usize = 64;

/// Every load of a row from the database on behalf of readers, over all service instances of a run: what an expiry costs.
///
/// Loads of one key are grouped into epochs, one for each fill of the key: an epoch begins with the first look-up that
/// led to a load, and is closed by the first fill that the cache took; where it took none, by the end of the last load.
/// Whoever looked the key up before the closing belongs to it, however late its load begins.
pub struct Loads {
    shards: Box<[Shard]>,
    /// Of the epochs that are over. Locked after a shard, never before one.
    totals: Mutex<LoadSummary>,
    entered: Entered,
}

#[derive(Default)]
struct Shard {
    /// The beginning of its latest epoch, by [`Moment::to_bits`]; 0 before the first.
    latest: AtomicU64,
    epochs: Mutex<Epochs>,
}

#[derive(Default)]
struct Epochs {
    /// By the id of the key: those that are open, and those closed of late.
    by_id: HashMap<u64, Epoch>,
    /// So many have begun.
    begun: u64,
    /// How often counting has begun anew; older epochs are not counted.
    generation: u64,
    /// So many are swept.
    full: usize,
    timeline: Timeline,
    abandoned: u64,
}

/// Why a row is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// There is no entry.
    Missing,
    /// The entry is kept, but past its freshness.
    Expired,
    /// The entry is fresh for so many microseconds yet.
    Early { lead_us: u64 },
}

/// A load under way; dropped before its row was offered, it came to nothing: it failed, or its instance died.
pub struct Load {
    loads: Arc<Loads>,
    id: u64,
    /// Which of its shard's epochs it belongs to.
    epoch: u64,
    generation: u64,
    /// The beginning of its epoch.
    beginning: Moment,
    began: Moment,
    is_over: bool,
}

impl Default for Loads {
    fn default() -> Loads {
        let shards = (0..SHARDS).map(|_| Shard::default()).collect();
        Loads { shards, totals: Mutex::default(), entered: Entered::default() }
    }
}

impl Shard {
    fn lock(&self) -> MutexGuard<'_, Epochs> {
        self.epochs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loads {
    /// The rows whose entry has ever been in the cache, whoever put it there.
    pub fn entries(&self) -> &Entered {
        &self.entered
    }

    /// A load of the key `id` begins; its reader began to look the key up at `looked_up`.
    pub fn begin(self: &Arc<Self>, id: u64, looked_up: Moment, cause: Cause) -> Load {
        self.begin_at(id, looked_up, cause, Moment::now())
    }

    fn begin_at(self: &Arc<Self>, id: u64, looked_up: Moment, cause: Cause, now: Moment) -> Load {
        let shard = self.shard(id);
        let mut epochs = shard.lock();
        let generation = epochs.generation;
        let is_new = epochs.by_id.get(&id).is_none_or(|epoch| !epoch.includes(looked_up));
        if is_new {
            if epochs.by_id.len() >= epochs.full.max(SMALL) {
                self.sweep(&mut epochs, now);
            }
            epochs.begun += 1;
            let epoch = Epoch::new(epochs.begun, generation, looked_up, cause);
            let previous = epochs.by_id.insert(id, epoch);
            shard.latest.fetch_max(looked_up.to_bits(), Relaxed);
            if let Some(previous) = previous.filter(|previous| previous.generation == generation) {
                self.totals().add(&previous);
            }
        }
        let (epoch, generation, beginning) = match epochs.by_id.get_mut(&id) {
            Some(epoch) => {
                epoch.begin(cause);
                (epoch.number, epoch.generation, epoch.beginning)
            }
            // It has just been put there.
            None => (0, generation, looked_up),
        };
        if generation == epochs.generation {
            epochs.timeline.begin(now.since(beginning));
        }
        drop(epochs);
        Load { loads: self.clone(), id, epoch, generation, beginning, began: now, is_over: false }
    }

    /// The time from the beginning of the key's latest epoch to `started`, if that is less than a second; nothing if
    /// `started` lies before it by more than a millisecond.
    pub fn since_expiry(&self, id: u64, started: Moment) -> Option<Duration> {
        let shard = self.shard(id);
        let latest = shard.latest.load(Relaxed);
        if latest == 0 || started.since(Moment::from_bits(latest)) >= LINGER {
            return None;
        }
        let epochs = shard.lock();
        let epoch = epochs.by_id.get(&id).filter(|epoch| epoch.generation == epochs.generation)?;
        let beginning = epoch.beginning;
        drop(epochs);
        let since = started.since(beginning);
        (since < LINGER && beginning.since(started) <= BEFORE).then(|| Duration::from_nanos(since))
    }

    /// Forgets what has been counted; epochs that are open now are not counted when they end. For a moment without load.
    pub fn restart(&self) {
        for shard in &self.shards {
            let mut epochs = shard.lock();
            epochs.generation += 1;
            (epochs.timeline, epochs.abandoned) = (Timeline::default(), 0);
        }
        *self.totals() = LoadSummary::default();
    }

    /// What was counted since the restart, of the epochs that are closed.
    pub fn take(&self) -> LoadSummary {
        let (mut timeline, mut abandoned) = (Timeline::default(), 0);
        for shard in &self.shards {
            let mut epochs = shard.lock();
            self.fold(&mut epochs, |epoch| epoch.closed.is_some());
            timeline.add(&std::mem::take(&mut epochs.timeline));
            abandoned += std::mem::take(&mut epochs.abandoned);
        }
        let totals = std::mem::take(&mut *self.totals());
        LoadSummary { timeline, abandoned, ..totals }
    }

    fn shard(&self, id: u64) -> &Shard {
        &self.shards[id as usize & (SHARDS - 1)]
    }

    fn totals(&self) -> MutexGuard<'_, LoadSummary> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of epochs that no straggler will come to any more; the next sweep is due at twice as many as are left.
    fn sweep(&self, epochs: &mut Epochs, now: Moment) {
        let is_past = |closed: Moment| now.since(closed) >= LINGER;
        self.fold(epochs, |epoch| epoch.under_way == 0 && epoch.closed.is_some_and(is_past));
        epochs.full = 2 * epochs.by_id.len();
    }

    /// Counts and removes the epochs that are over.
    fn fold(&self, epochs: &mut Epochs, is_over: impl Fn(&Epoch) -> bool) {
        let generation = epochs.generation;
        let mut totals = self.totals();
        epochs.by_id.retain(|_, epoch| {
            let is_over = is_over(epoch);
            if is_over && epoch.generation == generation {
                totals.add(epoch);
            }
            !is_over
        });
    }

    /// What a load ends with; nothing of it is offered where `stored` is nothing.
    fn end(&self, load: &Load, stored: Option<bool>, now: Moment) {
        let mut epochs = self.shard(load.id).lock();
        // An epoch that is gone has been counted as it was.
        if let Some(epoch) = epochs.by_id.get_mut(&load.id).filter(|epoch| epoch.number == load.epoch) {
            epoch.end(stored == Some(true), now);
        }
        if stored == Some(true) {
            self.entered.enter(load.id);
        }
        if load.generation == epochs.generation {
            epochs.abandoned += u64::from(stored.is_none());
            epochs.timeline.run(load.began.since(load.beginning), now.since(load.beginning));
        }
    }
}

impl Load {
    /// The row has come.
    pub fn loaded(&mut self) {
        self.loaded_at(Moment::now());
    }

    fn loaded_at(&mut self, now: Moment) {
        let mut epochs = self.loads.shard(self.id).lock();
        if let Some(epoch) = epochs.by_id.get_mut(&self.id).filter(|epoch| epoch.number == self.epoch) {
            epoch.loaded(now);
        }
    }

    /// The outcome of the fill is known: whether the cache has taken the row.
    pub fn offered(self, stored: bool) {
        self.end_at(Some(stored), Moment::now());
    }

    fn end_at(mut self, stored: Option<bool>, now: Moment) {
        self.is_over = true;
        self.loads.end(&self, stored, now);
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if !self.is_over {
            self.loads.end(self, None, Moment::now());
        }
    }
}
