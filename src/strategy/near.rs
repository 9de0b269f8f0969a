use std::sync::Arc;

use super::{Conduct, Strategy};
use crate::invalidation::Copies;
use crate::model::{BoxFuture, Event, Found, Key, Operation, Outcome, Served, StoreError, Value};
use crate::store::{Answer, NearCache};

/// A strategy behind the near cache of its instance: rows that this holds are asked of nobody else.
///
/// Only rows that are there are kept; that one is absent is asked each time.
pub struct Near {
    behind: Arc<dyn Strategy>,
    near: Arc<NearCache>,
}

impl Near {
    pub fn new(behind: Arc<dyn Strategy>, near: Arc<NearCache>) -> Near {
        Near { behind, near }
    }

    async fn find(&self, key: &Key) -> Outcome {
        if let Some(value) = self.near.get(key) {
            return Outcome::Read { served: Served::Near, value: Some(value) };
        }
        let ticket = self.near.ticket(key);
        let outcome = self.behind.read(key).await;
        if let Outcome::Read { value: Some(value), .. } = &outcome
            && !value.tombstone
        {
            self.near.keep(key, value, ticket);
        }
        outcome
    }

    async fn find_many(&self, keys: &[Key]) -> Outcome {
        let here: Vec<Option<Value>> = keys.iter().map(|key| self.near.get(key)).collect();
        let asked: Vec<Key> =
            keys.iter().zip(&here).filter(|(_, here)| here.is_none()).map(|(key, _)| *key).collect();
        let mut others = Vec::new();
        if !asked.is_empty() {
            let tickets: Vec<_> = asked.iter().map(|key| self.near.ticket(key)).collect();
            match self.behind.read_many(&asked).await {
                Outcome::ReadMany(found) => others = found,
                failed => return failed,
            }
            for ((key, ticket), found) in asked.iter().zip(tickets).zip(&others) {
                if let Some(row) = found.row() {
                    self.near.keep(key, row, ticket);
                }
            }
        }
        let mut others = others.into_iter();
        let found = here.into_iter().map(|here| match here {
            Some(value) => Found { served: Served::Near, value: Some(value) },
            // One for each that was not here.
            None => others.next().unwrap_or(Found { served: Served::Miss, value: None }),
        });
        Outcome::ReadMany(found.collect())
    }
}

impl Strategy for Near {
    fn conduct(&self) -> Conduct {
        self.behind.conduct()
    }

    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome> {
        Box::pin(self.find(key))
    }

    fn read_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Outcome> {
        Box::pin(self.find_many(keys))
    }

    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        self.behind.write(operation)
    }

    fn invalidate<'a>(&'a self, key: &'a Key, event: Event) -> Answer<'a, u64> {
        self.behind.invalidate(key, event)
    }

    fn drain<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>> {
        self.behind.drain()
    }
}

/// The rows of a near cache, as an event finds them.
pub struct NearCopies {
    near: Arc<NearCache>,
    /// Entries of a row beside its own that go with it.
    variants: u8,
}

impl NearCopies {
    pub fn new(near: Arc<NearCache>, variants: u8) -> NearCopies {
        NearCopies { near, variants }
    }
}

impl Copies for NearCopies {
    fn take_out(&self, event: Event) -> Answer<'_, u64> {
        Box::pin(std::future::ready(Ok(self.near.take_out(event, self.variants))))
    }

    fn flush(&self) -> bool {
        self.near.clear();
        true
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::mitigation::Guards;
    use crate::model::{Kind, Payload};
    use crate::registry::Choice;
    use crate::store::NearOptions;
    use crate::store::memory::{MemoryCache, MemoryDatabase};
    use crate::strategy::{Parts, STRATEGIES};

    fn set() -> (Near, Arc<dyn Strategy>) {
        let (cache, database) = (MemoryCache::default(), MemoryDatabase::default());
        let parts = || Parts {
            cache: Arc::new(cache.clone()),
            database: Arc::new(database.clone()),
            ..Parts::noop(Guards::none(None))
        };
        let aside = || -> Arc<dyn Strategy> {
            Choice::named("cache-aside").build(STRATEGIES, parts()).unwrap().into()
        };
        let options = NearOptions { entries: 10, ttl: None, checks: true };
        (Near::new(aside(), Arc::new(NearCache::new(options))), aside())
    }

    fn write(key: Key, kind: Kind) -> Operation {
        let payload = Payload::new(&key, Bytes::from_static(b"a row"));
        Operation { ticket: 0, kind, key, keys: Vec::new(), payload, quantity: 0, scans: false }
    }

    fn seen(outcome: &Outcome) -> Vec<(Served, Option<u64>)> {
        let of = |served: &Served, value: &Option<Value>| (*served, value.as_ref().map(|it| it.version));
        match outcome {
            Outcome::Read { served, value } => vec![of(served, value)],
            Outcome::ReadMany(found) => found.iter().map(|it| of(&it.served, &it.value)).collect(),
            _ => Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_row_is_asked_for_once_and_again_after_the_word_of_a_write() {
        let (near, other) = set();
        let (key, absent) = (Key::new("n:", 1), Key::new("n:", 2));
        other.write(&write(key, Kind::Insert)).await;
        assert_eq!(seen(&near.read(&key).await), [(Served::Miss, Some(1))]);
        assert_eq!(seen(&near.read(&key).await), [(Served::Near, Some(1))]);
        other.write(&write(key, Kind::Write)).await;
        assert_eq!(seen(&near.read(&key).await), [(Served::Near, Some(1))], "nobody has told it");
        near.near.take_out(Event::new(1, 2), 0);
        let both = [absent, key];
        assert_eq!(seen(&near.read_many(&both).await), [(Served::Miss, None), (Served::Miss, Some(2))]);
        assert_eq!(seen(&near.read_many(&both).await), [(Served::Miss, None), (Served::Near, Some(2))]);
    }
}
