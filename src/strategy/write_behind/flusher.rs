use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::Mutex;

use super::buffer::{Buffer, Waiting};
use crate::measure::QueryClass;
use crate::model::{Key, StoreError, Value, unix_us};
use crate::store::scripts::DirtySet;
use crate::strategy::Parts;

/// How often the age of the oldest waiting write is noted.
const SAMPLE: Duration = Duration::from_millis(100);

/// Carries waiting rows to the database, those that have waited longest first.
pub struct Flusher {
    buffer: Arc<Buffer>,
    batch: usize,
    /// One flush at a time: two would carry the same rows twice.
    flushing: Mutex<()>,
    /// When the oldest write that waits was made, in microseconds of Unix time; 0 if none does.
    oldest_us: AtomicU64,
    /// The same of the batch that is on its way to the database.
    carried_us: AtomicU64,
    parts: Parts,
}

impl Flusher {
    pub fn new(buffer: Arc<Buffer>, batch: usize, parts: Parts) -> Flusher {
        Flusher {
            buffer,
            batch,
            flushing: Mutex::new(()),
            oldest_us: AtomicU64::new(0),
            carried_us: AtomicU64::new(0),
            parts,
        }
    }

    /// The set into which a write puts its row, if the cache holds the buffer.
    pub fn dirty_set(&self, key: &Key, since_us: u64) -> Option<Cow<'_, DirtySet>> {
        self.buffer.dirty_set(key, since_us)
    }

    /// The next flush looks wherever rows were ever put.
    pub fn recall(&self) {
        self.buffer.recall();
    }

    /// Takes on a row whose write has taken effect in the cache.
    pub fn took_on(&self, row: Waiting) {
        self.waits_since(row.since_us);
        self.buffer.put(row);
    }

    fn waits_since(&self, since_us: u64) {
        let older = |oldest| (oldest == 0 || since_us < oldest).then_some(since_us);
        // Nothing to do where an older one waits.
        let _ = self.oldest_us.fetch_update(Relaxed, Relaxed, older);
    }

    pub async fn run(self: Arc<Flusher>, rest: Duration) {
        loop {
            tokio::time::sleep(rest).await;
            let _round = self.parts.tasks.round().await;
            // A full batch means that more is waiting. A failure is counted by the stores; the rows stay dirty.
            while self.flush().await.is_ok_and(|rows| rows == self.batch) {}
        }
    }

    /// Notes the age of the oldest waiting write at a rhythm of its own: a flush that takes long is when it matters.
    pub async fn sample(self: Arc<Flusher>) {
        let mut rhythm = tokio::time::interval(SAMPLE);
        loop {
            rhythm.tick().await;
            let waiting = [&self.oldest_us, &self.carried_us].map(|since| since.load(Relaxed));
            let oldest = waiting.into_iter().filter(|since| *since > 0).min();
            self.parts.tally.dirty_age(oldest.map_or(0, |since| unix_us().saturating_sub(since)));
        }
    }

    /// Flushes one batch; answers how many rows it took on.
    pub async fn flush(&self) -> Result<usize, StoreError> {
        let _one = self.flushing.lock().await;
        let began_us = unix_us();
        // Whoever writes from here on is noted anew.
        let oldest_us = self.oldest_us.swap(0, Relaxed);
        self.carried_us.store(oldest_us, Relaxed);
        let taken = self.carry(began_us).await;
        self.carried_us.store(0, Relaxed);
        match &taken {
            Ok(batch) if batch.len() < self.batch => {}
            Ok(batch) => batch.last().into_iter().for_each(|row| self.waits_since(row.since_us)),
            Err(_) if oldest_us > 0 => self.waits_since(oldest_us),
            Err(_) => {}
        }
        taken.map(|batch| batch.len())
    }

    async fn carry(&self, began_us: u64) -> Result<Vec<Waiting>, StoreError> {
        let Parts { tally, ledger, database, .. } = &self.parts;
        let batch = self.buffer.oldest(self.batch).await?;
        if batch.is_empty() {
            return Ok(batch);
        }
        let rows: Vec<(Key, Value)> =
            batch.iter().filter_map(|row| Some((row.key, row.value.clone()?))).collect();
        database.store(QueryClass::Flush, &rows).await?;
        let stored_us = unix_us();
        let mut lost = 0;
        for row in &batch {
            if row.value.is_some() {
                ledger.stored(row.key.id(), row.version);
                tally.flush_lag(stored_us.saturating_sub(row.since_us));
            } else {
                lost += u64::from(self.is_lost(&row.key));
            }
        }
        // Counted once: the round that finds them gone also takes them off the buffer.
        tally.lost_dirty(lost);
        tally.flushed(rows.len() as u64);
        self.buffer.settle(&batch, began_us).await?;
        Ok(batch)
    }

    /// Whether a row that is gone from the cache takes a write with it: another instance may have flushed it, after
    /// which it has expired.
    fn is_lost(&self, key: &Key) -> bool {
        self.parts.ledger.account(key.id()).is_none_or(|account| account.stored < account.newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mitigation::Guards;
    use crate::store::Tasks;

    #[tokio::test(start_paused = true)]
    async fn nothing_is_flushed_during_a_pause() {
        let tasks = Tasks::default();
        let parts = Parts { tasks: tasks.clone(), ..Parts::noop(Guards::none(None)) };
        let buffer = Arc::new(Buffer::process(&parts));
        let flusher = Arc::new(Flusher::new(buffer, 10, parts.clone()));
        flusher.took_on(Waiting::written(Key::new("", 1), unix_us(), Value::default()));
        let pause = tasks.pause().await;
        tasks.spawn(flusher.run(Duration::from_millis(10)));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(parts.tally.counts().rows_flushed, 0);
        drop(pause);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(parts.tally.counts().rows_flushed, 1);
    }
}
