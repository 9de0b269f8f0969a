//! Memory: stores inside the process, the reference of the contract tests.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::messages::ROOM;
use super::script::name;
use super::stock_table::StockTable;
use super::{Answer, Cache, Database, Messages, Reply, Script};
use crate::measure::{Command, QueryClass, Tally};
use crate::model::{Key, Payload, Value};

/// What a memory cache holds.
#[derive(Default)]
pub struct Entries {
    texts: HashMap<Bytes, (Bytes, Option<Instant>)>,
    sorted: HashMap<Bytes, BTreeMap<Bytes, u64>>,
    channels: HashMap<Bytes, broadcast::Sender<Bytes>>,
}

impl Entries {
    /// The bytes under a name, unless they have expired.
    pub(super) fn text(&mut self, name: &Bytes) -> Option<Bytes> {
        let (text, expires) = self.texts.get(name)?;
        if expires.is_some_and(|at| at <= Instant::now()) {
            self.texts.remove(name);
            return None;
        }
        Some(text.clone())
    }

    pub(super) fn put(&mut self, name: Bytes, text: Bytes, ttl: Option<Duration>) {
        self.texts.insert(name, (text, ttl.map(|ttl| Instant::now() + ttl)));
    }

    /// Removes an entry; says whether it was there.
    pub(super) fn remove(&mut self, name: &Bytes) -> bool {
        let there = self.text(name).is_some();
        self.texts.remove(name);
        there
    }

    /// Lets an entry live for `ttl` from now.
    pub(super) fn expire(&mut self, name: &Bytes, ttl: Duration) {
        if let Some((_, expires)) = self.texts.get_mut(name) {
            *expires = Some(Instant::now() + ttl);
        }
    }

    /// How long an entry still lives; nothing if it does not expire.
    pub(super) fn ttl(&self, name: &Bytes) -> Option<Duration> {
        let (_, expires) = self.texts.get(name)?;
        expires.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Every name with how long it still lives; nothing for those that do not expire.
    fn lives(&mut self) -> Vec<(Bytes, Option<Duration>)> {
        let names: Vec<Bytes> = self.texts.keys().cloned().collect();
        let alive = names.into_iter().filter(|name| self.text(name).is_some()).collect::<Vec<_>>();
        alive.into_iter().map(|name| (name.clone(), self.ttl(&name))).collect()
    }

    /// The sorted set under a name, members by score; empty if there is none.
    pub(super) fn sorted(&mut self, name: &Bytes) -> &mut BTreeMap<Bytes, u64> {
        self.sorted.entry(name.clone()).or_default()
    }

    /// Says something to whoever listens to a channel now.
    pub(super) fn publish(&mut self, channel: &Bytes, text: Bytes) {
        if let Some(listeners) = self.channels.get(channel)
            && listeners.send(text).is_err()
        {
            // Nobody listens any longer.
            self.channels.remove(channel);
        }
    }

    fn listen(&mut self, channel: &str) -> broadcast::Receiver<Bytes> {
        let channel = Bytes::copy_from_slice(channel.as_bytes());
        self.channels.entry(channel).or_insert_with(|| broadcast::channel(ROOM).0).subscribe()
    }
}

/// A cache inside the process; its clones share one content but count for their own instance.
#[derive(Clone, Default)]
pub struct MemoryCache {
    entries: Arc<Mutex<Entries>>,
    tally: Arc<Tally>,
}

impl MemoryCache {
    /// The same cache as seen by another instance.
    pub fn share(&self, tally: Arc<Tally>) -> MemoryCache {
        MemoryCache { entries: self.entries.clone(), tally }
    }

    /// Every name with how long it still lives; nothing for those that do not expire.
    pub fn lives(&self) -> Vec<(Bytes, Option<Duration>)> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).lives()
    }

    fn begin(&self, command: Command) -> MutexGuard<'_, Entries> {
        self.tally.command(command);
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache for MemoryCache {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Bytes>> {
        Box::pin(async move { Ok(self.begin(Command::Get).text(&name(key))) })
    }

    fn get_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Bytes>>> {
        Box::pin(async move {
            let mut entries = self.begin(Command::Mget);
            Ok(keys.iter().map(|key| entries.text(&name(key))).collect())
        })
    }

    fn set<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, ()> {
        Box::pin(async move {
            self.begin(Command::Set).put(name(key), value, ttl);
            Ok(())
        })
    }

    fn add<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, bool> {
        Box::pin(async move {
            let mut entries = self.begin(Command::Set);
            let absent = entries.text(&name(key)).is_none();
            if absent {
                entries.put(name(key), value, ttl);
            }
            Ok(absent)
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, bool> {
        Box::pin(async move { Ok(self.begin(Command::Del).remove(&name(key))) })
    }

    fn run<'a>(&'a self, script: &'static Script, keys: Vec<Bytes>, args: Vec<Bytes>) -> Answer<'a, Reply> {
        Box::pin(async move { Ok((script.model)(&mut self.begin(Command::Evalsha), &keys, &args)) })
    }

    fn subscribe<'a>(&'a self, channel: &'a str) -> Answer<'a, Messages> {
        Box::pin(async move {
            let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(Messages::of(entries.listen(channel)))
        })
    }

    fn client(&self) -> Vec<(&'static str, String)> {
        vec![("driver", "memory".into())]
    }
}

/// A database inside the process.
#[derive(Clone, Default)]
pub struct MemoryDatabase {
    rows: Arc<Mutex<HashMap<u64, Value>>>,
    pub(super) stock: Arc<Mutex<StockTable>>,
    pub(super) tally: Arc<Tally>,
}

impl MemoryDatabase {
    /// The same database as seen by another instance.
    pub fn share(&self, tally: Arc<Tally>) -> MemoryDatabase {
        MemoryDatabase { rows: self.rows.clone(), stock: self.stock.clone(), tally }
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<u64, Value>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn row(version: u64, payload: &Payload) -> Value {
    Value { version, checksum: payload.checksum, body: payload.body.clone(), ..Value::default() }
}

impl Database for MemoryDatabase {
    fn load<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Value>> {
        let _active = self.tally.query(QueryClass::Load);
        let row = self.rows().get(&key.id()).cloned();
        Box::pin(async move {
            // A point where other operations may come in between, as at a real database.
            tokio::task::yield_now().await;
            Ok(row)
        })
    }

    fn load_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Value>>> {
        let _active = self.tally.query(QueryClass::Load);
        let rows = self.rows();
        let found = keys.iter().map(|key| rows.get(&key.id()).cloned()).collect();
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok(found)
        })
    }

    fn version<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<u64>> {
        let _active = self.tally.query(QueryClass::Load);
        let version = self.rows().get(&key.id()).map(|row| row.version);
        Box::pin(std::future::ready(Ok(version)))
    }

    fn update<'a>(&'a self, key: &'a Key, payload: &'a Payload) -> Answer<'a, Option<u64>> {
        Box::pin(async move {
            let _active = self.tally.query(QueryClass::Write);
            let mut rows = self.rows();
            let Some(old) = rows.get_mut(&key.id()).filter(|old| !old.tombstone) else { return Ok(None) };
            *old = row(old.version + 1, payload);
            Ok(Some(old.version))
        })
    }

    fn insert<'a>(&'a self, key: &'a Key, payload: &'a Payload) -> Answer<'a, u64> {
        Box::pin(async move {
            let _active = self.tally.query(QueryClass::Write);
            let mut rows = self.rows();
            let version = rows.get(&key.id()).map_or(0, |old| old.version) + 1;
            rows.insert(key.id(), row(version, payload));
            Ok(version)
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<u64>> {
        Box::pin(async move {
            let _active = self.tally.query(QueryClass::Write);
            let mut rows = self.rows();
            let Some(old) = rows.get_mut(&key.id()).filter(|old| !old.tombstone) else { return Ok(None) };
            *old = Value { version: old.version + 1, tombstone: true, ..Value::default() };
            Ok(Some(old.version))
        })
    }

    fn store<'a>(&'a self, class: QueryClass, stored: &'a [(Key, Value)]) -> Answer<'a, ()> {
        Box::pin(async move {
            if stored.is_empty() {
                return Ok(());
            }
            let _active = self.tally.query(class);
            let mut rows = self.rows();
            for (key, value) in stored {
                let &Value { version, checksum, tombstone, .. } = value;
                if rows.get(&key.id()).is_some_and(|old| old.version >= version) {
                    continue;
                }
                let body = if tombstone { Bytes::new() } else { value.body.clone() };
                rows.insert(key.id(), Value { version, checksum, tombstone, body, ..Value::default() });
            }
            Ok(())
        })
    }

    fn client(&self) -> Vec<(&'static str, String)> {
        vec![("database", "memory".into())]
    }
}
