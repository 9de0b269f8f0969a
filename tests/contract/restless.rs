use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cachebench::measure::QueryClass;
use cachebench::model::{Intent, Key, Payload, StockLevel, StoreError, Value};
use cachebench::registry::Choice;
use cachebench::store::{Answer, Cache, Database, Messages, Reply, Script, Stock};
use cachebench::traffic::{Random, Stream};

use super::{Instance, World};

/// A store before and after whose every request others may come in, now and then for a while.
pub struct Restless<S: ?Sized> {
    random: Mutex<Random>,
    store: Arc<S>,
}

impl World {
    /// An instance over restless stores.
    pub fn restless(&self, number: usize, choice: &Choice, seed: u64) -> Instance {
        let random = |of| Mutex::new(Random::new(seed, Stream::Operation, 2 * number as u64 + of));
        self.instance_over(
            number,
            choice,
            |store, _| Arc::new(Restless { random: random(0), store }),
            |store| Arc::new(Restless { random: random(1), store }),
        )
    }
}

impl<S: ?Sized> Restless<S> {
    /// The store as number `of` of those that a seed makes restless.
    pub fn new(store: Arc<S>, seed: u64, of: u64) -> Restless<S> {
        Restless { random: Mutex::new(Random::new(seed, Stream::Operation, of)), store }
    }

    async fn pause(&self) {
        let turns = self.random.lock().unwrap().below(8);
        match turns {
            7 => tokio::time::sleep(Duration::from_millis(1)).await,
            _ => {
                for _ in 0..turns / 2 {
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    async fn amid<'a, T>(&'a self, request: impl FnOnce(&'a S) -> Answer<'a, T>) -> Result<T, StoreError> {
        self.pause().await;
        let answer = request(&self.store).await;
        self.pause().await;
        answer
    }
}

impl Cache for Restless<dyn Cache> {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Bytes>> {
        Box::pin(self.amid(|store| store.get(key)))
    }

    fn get_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Bytes>>> {
        Box::pin(self.amid(|store| store.get_many(keys)))
    }

    fn set<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, ()> {
        Box::pin(self.amid(move |store| store.set(key, value, ttl)))
    }

    fn add<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, bool> {
        Box::pin(self.amid(move |store| store.add(key, value, ttl)))
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, bool> {
        Box::pin(self.amid(|store| store.delete(key)))
    }

    fn run<'a>(&'a self, script: &'static Script, keys: Vec<Bytes>, args: Vec<Bytes>) -> Answer<'a, Reply> {
        Box::pin(self.amid(move |store| store.run(script, keys, args)))
    }

    fn subscribe<'a>(&'a self, channel: &'a str) -> Answer<'a, Messages> {
        Box::pin(self.amid(|store| store.subscribe(channel)))
    }

    fn client(&self) -> Vec<(&'static str, String)> {
        self.store.client()
    }
}

impl Database for Restless<dyn Database> {
    fn load<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Value>> {
        Box::pin(self.amid(|store| store.load(key)))
    }

    fn load_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Value>>> {
        Box::pin(self.amid(|store| store.load_many(keys)))
    }

    fn version<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<u64>> {
        Box::pin(self.amid(|store| store.version(key)))
    }

    fn update<'a>(&'a self, key: &'a Key, payload: &'a Payload) -> Answer<'a, Option<u64>> {
        Box::pin(self.amid(|store| store.update(key, payload)))
    }

    fn insert<'a>(&'a self, key: &'a Key, payload: &'a Payload) -> Answer<'a, u64> {
        Box::pin(self.amid(|store| store.insert(key, payload)))
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<u64>> {
        Box::pin(self.amid(|store| store.delete(key)))
    }

    fn store<'a>(&'a self, class: QueryClass, rows: &'a [(Key, Value)]) -> Answer<'a, ()> {
        Box::pin(self.amid(move |store| store.store(class, rows)))
    }

    fn client(&self) -> Vec<(&'static str, String)> {
        self.store.client()
    }
}

impl Stock for Restless<dyn Stock> {
    fn set_level<'a>(&'a self, key: &'a Key, units: u64) -> Answer<'a, ()> {
        Box::pin(self.amid(move |store| store.set_level(key, units)))
    }

    fn set_level_if_newer<'a>(&'a self, key: &'a Key, level: StockLevel) -> Answer<'a, ()> {
        Box::pin(self.amid(move |store| store.set_level_if_newer(key, level)))
    }

    fn decrement<'a>(&'a self, key: &'a Key, units: u32) -> Answer<'a, Option<u64>> {
        Box::pin(self.amid(move |store| store.decrement(key, units)))
    }

    fn open_outbox<'a>(&'a self, outbox: &'a str) -> Answer<'a, ()> {
        Box::pin(self.amid(|store| store.open_outbox(outbox)))
    }

    fn apply<'a>(&'a self, outbox: &'a str, intents: &'a [Intent]) -> Answer<'a, ()> {
        Box::pin(self.amid(|store| store.apply(outbox, intents)))
    }

    fn levels(&self, rows: Range<u64>) -> Answer<'_, Vec<(u64, StockLevel)>> {
        Box::pin(self.amid(move |store| store.levels(rows)))
    }
}
