use std::sync::Arc;

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

/// The entries of a service in the cache, as an event finds them: the row's own, and those of its variants.
pub struct RenamedCopies {
    strategy: Arc<dyn Strategy>,
    template: Key,
}

impl RenamedCopies {
    /// Those of a strategy under the prefix of a template.
    pub fn new(strategy: Arc<dyn Strategy>, template: Key) -> RenamedCopies {
        RenamedCopies { strategy, template }
    }
}

impl Copies for RenamedCopies {
    fn take_out(&self, event: Event) -> Answer<'_, u64> {
        Box::pin(async move { self.strategy.invalidate(&self.template.with_id(event.row), event).await })
    }
}
