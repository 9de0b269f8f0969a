use std::sync::Arc;

use futures_util::future::try_join_all;

use super::{Conduct, Strategy};
use crate::invalidation::Copies;
use crate::model::{BoxFuture, Event, Key, Operation, Outcome, StoreError};
use crate::store::Answer;

/// A strategy whose entries are named under a prefix of its own: that of one service among several that cache the same rows.
pub struct Renamed {
    strategy: Arc<dyn Strategy>,
    /// In front of its names.
    template: Key,
}

impl Renamed {
    pub fn new(strategy: Arc<dyn Strategy>, template: Key) -> Renamed {
        Renamed { strategy, template }
    }
}

impl Strategy for Renamed {
    fn conduct(&self) -> Conduct {
        self.strategy.conduct()
    }

    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { self.strategy.read(&key.under(&self.template)).await })
    }

    fn read_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let keys: Vec<Key> = keys.iter().map(|key| key.under(&self.template)).collect();
            self.strategy.read_many(&keys).await
        })
    }

    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let key = operation.key.under(&self.template);
            self.strategy.write(&Operation { key, ..operation.clone() }).await
        })
    }

    fn invalidate<'a>(&'a self, key: &'a Key, event: Event) -> Answer<'a, u64> {
        Box::pin(async move { self.strategy.invalidate(&key.under(&self.template), event).await })
    }

    fn drain<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>> {
        self.strategy.drain()
    }
}

/// Entries of each row in the cache, as an event finds them.
pub struct CacheCopies {
    strategy: Arc<dyn Strategy>,
    /// Those of row 0.
    entries: Vec<Key>,
}

impl CacheCopies {
    /// Those that a strategy makes, given by those of row 0.
    pub fn new(strategy: Arc<dyn Strategy>, entries: Vec<Key>) -> CacheCopies {
        CacheCopies { strategy, entries }
    }
}

impl Copies for CacheCopies {
    fn take_out(&self, event: Event) -> Answer<'_, u64> {
        Box::pin(async move {
            let keys: Vec<Key> = self.entries.iter().map(|entry| entry.with_id(event.row)).collect();
            let taken_out = try_join_all(keys.iter().map(|key| self.strategy.invalidate(key, event))).await?;
            Ok(taken_out.iter().sum())
        })
    }
}
