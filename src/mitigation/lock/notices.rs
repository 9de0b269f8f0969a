use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::model::Key;
use crate::store::{Cache, Message, Tasks};

/// Who waits in this instance for rows to be announced. What wakes them is that the sender is gone.
type Waiting = HashMap<u64, watch::Sender<()>>;

/// The announcements of loaded rows, heard by one subscription for all who wait in a service instance.
pub struct Notices {
    cache: Arc<dyn Cache>,
    channel: String,
    tasks: Tasks,
    waiting: Arc<Mutex<Waiting>>,
    listening: Arc<AtomicBool>,
}

/// One who waits for a row.
pub struct Notice<'a> {
    all: &'a Notices,
    row: u64,
    told: watch::Receiver<()>,
}

impl Notices {
    pub fn new(cache: Arc<dyn Cache>, channel: String, tasks: Tasks) -> Notices {
        Notices { cache, channel, tasks, waiting: Arc::default(), listening: Arc::default() }
    }

    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Begins to wait for a row. What was announced before that is not told.
    pub fn await_row(&self, key: &Key) -> Notice<'_> {
        let told = locked(&self.waiting).entry(key.id()).or_insert_with(|| watch::channel(()).0).subscribe();
        if !self.listening.swap(true, Relaxed) {
            self.listen();
        }
        Notice { all: self, row: key.id(), told }
    }

    fn listen(&self) {
        let (cache, channel) = (self.cache.clone(), self.channel.clone());
        let (waiting, listening) = (self.waiting.clone(), self.listening.clone());
        self.tasks.spawn(async move {
            // The failure is the cache's, and who waits looks by itself now and then; the next one tries again.
            if let Ok(mut messages) = cache.subscribe(&channel).await {
                locked(&waiting).clear();
                while let Some(message) = messages.next().await {
                    let mut waiting = locked(&waiting);
                    match row(&message) {
                        Some(row) => drop(waiting.remove(&row)),
                        None => waiting.clear(),
                    }
                }
            }
            listening.store(false, Relaxed);
        });
    }
}

/// The row that a message is about; nothing if it may be any.
fn row(message: &Message) -> Option<u64> {
    match message {
        Message::Text(text) => std::str::from_utf8(text).ok()?.parse().ok(),
        Message::Missed => None,
    }
}

fn locked(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Notice<'_> {
    /// Returns once the row was announced, or may have been.
    pub async fn told(mut self) {
        // Nothing is ever sent; it ends when the sender is gone.
        let _ = self.told.changed().await;
    }
}

impl Drop for Notice<'_> {
    fn drop(&mut self) {
        let mut waiting = locked(&self.all.waiting);
        // While its own sender is there, that is the one under the row; and its receiver is not dropped yet.
        let own = self.told.has_changed().is_ok();
        if own && waiting.get(&self.row).is_some_and(|sender| sender.receiver_count() <= 1) {
            waiting.remove(&self.row);
        }
    }
}
