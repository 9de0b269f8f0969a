use std::time::Duration;

use bytes::Bytes;

use super::{Answer, Cache, Database, Messages, Reply, Script};
use crate::measure::QueryClass;
use crate::model::{Key, Payload, Value};

/// A cache that answers at once and holds nothing: with it, a run measures the harness itself.
pub struct NoopCache;

impl Cache for NoopCache {
    fn get<'a>(&'a self, _: &'a Key) -> Answer<'a, Option<Bytes>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn get_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Bytes>>> {
        Box::pin(std::future::ready(Ok(vec![None; keys.len()])))
    }

    fn set<'a>(&'a self, _: &'a Key, _: Bytes, _: Option<Duration>) -> Answer<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn add<'a>(&'a self, _: &'a Key, _: Bytes, _: Option<Duration>) -> Answer<'a, bool> {
        Box::pin(std::future::ready(Ok(true)))
    }

    fn delete<'a>(&'a self, _: &'a Key) -> Answer<'a, bool> {
        Box::pin(std::future::ready(Ok(false)))
    }

    fn run<'a>(&'a self, _: &'static Script, _: Vec<Bytes>, _: Vec<Bytes>) -> Answer<'a, Reply> {
        Box::pin(std::future::ready(Ok(Reply::Nil)))
    }

    fn subscribe<'a>(&'a self, _: &'a str) -> Answer<'a, Messages> {
        Box::pin(std::future::ready(Ok(Messages::silent())))
    }

    fn client(&self) -> Vec<(&'static str, String)> {
        vec![("driver", "noop".into())]
    }
}

/// A database that answers at once: every row is there, empty, and never changes.
pub struct NoopDatabase;

impl Database for NoopDatabase {
    fn load<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Value>> {
        let empty = Payload::new(key, Bytes::new());
        let value = Value { version: 1, checksum: empty.checksum, ..Value::default() };
        Box::pin(std::future::ready(Ok(Some(value))))
    }

    fn load_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Value>>> {
        Box::pin(async move {
            let mut rows = Vec::with_capacity(keys.len());
            for key in keys {
                rows.push(self.load(key).await?);
            }
            Ok(rows)
        })
    }

    fn version<'a>(&'a self, _: &'a Key) -> Answer<'a, Option<u64>> {
        Box::pin(std::future::ready(Ok(Some(1))))
    }

    fn update<'a>(&'a self, _: &'a Key, _: &'a Payload) -> Answer<'a, Option<u64>> {
        Box::pin(std::future::ready(Ok(Some(1))))
    }

    fn insert<'a>(&'a self, _: &'a Key, _: &'a Payload) -> Answer<'a, u64> {
        Box::pin(std::future::ready(Ok(1)))
    }

    fn delete<'a>(&'a self, _: &'a Key) -> Answer<'a, Option<u64>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn store<'a>(&'a self, _: QueryClass, _: &'a [(Key, Value)]) -> Answer<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn client(&self) -> Vec<(&'static str, String)> {
        vec![("database", "noop".into())]
    }
}
