use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{Conduct, Parts, Strategy, read_one_by_one};
use crate::model::{BoxFuture, Event, Failure, Key, Operation, Outcome, Served, StoreError, Value};
use crate::store::Answer;

/// A strategy beside which rows are cached in lists: so many of them, with ids one behind the other, under one name.
///
/// A list is loaded by one query and put by a plain SET, so that a fill that was overtaken by a write puts an old row back, as
/// with the coherence `delete`. A read of a list asks for one of its rows.
pub struct Listed {
    strategy: Arc<dyn Strategy>,
    parts: Parts,
    lists: Lists,
}

/// Which keys ask for lists.
#[derive(Clone, Copy, Debug)]
pub struct Lists {
    /// The number of the variant whose keys do.
    pub variant: u8,
    /// Rows of each.
    pub rows: u64,
}

impl Lists {
    /// The key of the list that a row stands in, by one of the row in its lists.
    fn of(self, key: &Key) -> Key {
        key.with_id(key.id() / self.rows)
    }

    /// The keys of its rows.
    fn rows_of(self, key: &Key) -> Vec<Key> {
        let first = key.id() - key.id() % self.rows;
        (first..first + self.rows).map(|id| key.with_id(id)).collect()
    }
}

impl Listed {
    pub fn new(strategy: Arc<dyn Strategy>, parts: Parts, lists: Lists) -> Listed {
        Listed { strategy, parts, lists }
    }

    async fn find(&self, key: &Key) -> Outcome {
        let list = self.lists.of(key);
        let served = match self.parts.cache.get(&list).await {
            Ok(Some(raw)) => match row_of(raw, key.id()) {
                Ok(value) => return Outcome::Read { served: Served::Hit, value },
                Err(error) => {
                    self.parts.tally.error(&error);
                    Served::Fallback
                }
            },
            Ok(None) => Served::Miss,
            Err(_) => Served::Fallback,
        };
        let keys = self.lists.rows_of(key);
        let rows = match self.parts.database.load_many(&keys).await {
            Ok(rows) => rows,
            Err(error) => return error.into(),
        };
        if let Some(delay) = self.parts.fill_delay {
            tokio::time::sleep(delay).await;
        }
        if served == Served::Miss {
            let ttl = self.parts.guards.lifetimes().of(&list);
            let stored = self.parts.cache.set(&list, encode(&keys, &rows), ttl).await;
            // A fill that fails is counted where it failed; the caller has its row all the same.
            self.parts.tally.fill(stored.is_ok());
        }
        let place = keys.iter().position(|one| one.id() == key.id());
        let value = place.and_then(|place| rows.into_iter().nth(place).flatten());
        Outcome::Read { served, value }
    }

    fn asks_for_list(&self, key: &Key) -> bool {
        key.variant() == self.lists.variant
    }
}

/// The rows that there are, each with its id and its length in front.
fn encode(keys: &[Key], rows: &[Option<Value>]) -> Bytes {
    let mut list = BytesMut::new();
    for (key, row) in keys.iter().zip(rows) {
        if let Some(row) = row {
            let raw = row.encode();
            list.put_u64(key.id());
            list.put_u32(raw.len() as u32);
            list.put_slice(&raw);
        }
    }
    list.freeze()
}

/// A row of a list; nothing where it has none of this id.
fn row_of(mut list: Bytes, id: u64) -> Result<Option<Value>, StoreError> {
    while !list.is_empty() {
        if list.len() < 12 {
            return Err(cut_short());
        }
        let (of, length) = (list.get_u64(), list.get_u32() as usize);
        if list.len() < length {
            return Err(cut_short());
        }
        let raw = list.split_to(length);
        if of == id {
            return Value::decode(raw).map(Some);
        }
    }
    Ok(None)
}

fn cut_short() -> StoreError {
    StoreError::cache(Failure::Corrupt, "a list ends in the middle of a row")
}

impl Strategy for Listed {
    fn conduct(&self) -> Conduct {
        self.strategy.conduct()
    }

    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome> {
        match self.asks_for_list(key) {
            true => Box::pin(self.find(key)),
            false => self.strategy.read(key),
        }
    }

    fn read_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Outcome> {
        match keys.first().is_some_and(|key| self.asks_for_list(key)) {
            true => Box::pin(read_one_by_one(self, keys)),
            false => self.strategy.read_many(keys),
        }
    }

    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        self.strategy.write(operation)
    }

    fn invalidate<'a>(&'a self, key: &'a Key, event: Event) -> Answer<'a, u64> {
        if !self.asks_for_list(key) {
            return self.strategy.invalidate(key, event);
        }
        Box::pin(async move { self.parts.cache.delete(&self.lists.of(key)).await.map(u64::from) })
    }

    fn drain<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>> {
        self.strategy.drain()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mitigation::Guards;
    use crate::model::Payload;
    use crate::registry::Choice;
    use crate::store::Database;
    use crate::store::memory::{MemoryCache, MemoryDatabase};
    use crate::strategy::STRATEGIES;

    fn key(id: u64) -> Key {
        Key::new("l:", id).of_variant(1, "list:")
    }

    async fn seen(listed: &Listed, id: u64) -> (Served, Option<u64>) {
        match listed.read(&key(id)).await {
            Outcome::Read { served, value } => (served, value.map(|value| value.version)),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn the_rows_of_a_list_are_loaded_together_and_go_together() {
        let (cache, database) = (MemoryCache::default(), MemoryDatabase::default());
        let parts = Parts {
            cache: Arc::new(cache),
            database: Arc::new(database.clone()),
            ..Parts::noop(Guards::none(None))
        };
        for id in [0, 1, 3] {
            database.insert(&key(id), &Payload::new(&key(id), Bytes::from_static(b"row"))).await.unwrap();
        }
        let strategy = Choice::named("cache-aside").build(STRATEGIES, parts.clone()).unwrap().into();
        let listed = Listed::new(strategy, parts, Lists { variant: 1, rows: 3 });
        assert_eq!(seen(&listed, 1).await, (Served::Miss, Some(1)));
        assert_eq!(seen(&listed, 0).await, (Served::Hit, Some(1)));
        assert_eq!(seen(&listed, 2).await, (Served::Hit, None), "there is no such row");
        assert_eq!(seen(&listed, 3).await, (Served::Miss, Some(1)), "it stands in another list");
        database.update(&key(0), &Payload::default()).await.unwrap();
        assert_eq!(seen(&listed, 0).await, (Served::Hit, Some(1)), "nobody has told");
        assert_eq!(listed.invalidate(&key(1), Event::new(0, 2)).await.unwrap(), 1);
        assert_eq!(seen(&listed, 0).await, (Served::Miss, Some(2)));
        assert_eq!(seen(&listed, 3).await, (Served::Hit, Some(1)), "the other list stays");
    }

    #[test]
    fn a_list_that_is_cut_short_is_corrupt_not_a_panic() {
        let whole = encode(&[key(0)], &[Some(Value { version: 3, ..Value::default() })]);
        assert_eq!(row_of(whole.clone(), 0).unwrap().map(|row| row.version), Some(3));
        for length in [1, 11, whole.len() - 1] {
            assert_eq!(row_of(whole.slice(..length), 0).unwrap_err().failure, Failure::Corrupt);
        }
    }
}
