use std::sync::Arc;

use super::buffer::Buffer;
use crate::measure::QueryClass;
use crate::model::{Key, Payload, Value};
use crate::store::{Answer, Database};

/// The database as it will be once the buffer of this process is flushed: a row that waits there is answered from
/// there.
///
/// Without it, after a loss of the cache, the next version of a waiting row would follow from its old one, and readers
/// would be sent back to that.
pub struct Overlay {
    pub buffer: Arc<Buffer>,
    pub database: Arc<dyn Database>,
}

/// The newer of two: another instance may have flushed a later version than the one that waits here.
fn newer(waits: Option<Value>, stored: Option<Value>) -> Option<Value> {
    let version = |value: &Value| value.version;
    if waits.as_ref().map(version) > stored.as_ref().map(version) { waits } else { stored }
}

// What waits is looked at before the database is: a flush takes it off the buffer only once it is stored, so that one of
// the two has it.
impl Database for Overlay {
    fn load<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Value>> {
        let waits = self.buffer.waiting(key);
        Box::pin(async move { Ok(newer(waits, self.database.load(key).await?)) })
    }

    fn load_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Value>>> {
        let waiting: Vec<Option<Value>> = keys.iter().map(|key| self.buffer.waiting(key)).collect();
        Box::pin(async move {
            let stored = self.database.load_many(keys).await?;
            Ok(waiting.into_iter().zip(stored).map(|(waits, stored)| newer(waits, stored)).collect())
        })
    }

    fn version<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<u64>> {
        let waits = self.buffer.waiting(key).map(|value| value.version);
        Box::pin(async move { Ok(self.database.version(key).await?.max(waits)) })
    }

    fn update<'a>(&'a self, key: &'a Key, payload: &'a Payload) -> Answer<'a, Option<u64>> {
        self.database.update(key, payload)
    }

    fn insert<'a>(&'a self, key: &'a Key, payload: &'a Payload) -> Answer<'a, u64> {
        self.database.insert(key, payload)
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<u64>> {
        self.database.delete(key)
    }

    fn store<'a>(&'a self, class: QueryClass, rows: &'a [(Key, Value)]) -> Answer<'a, ()> {
        self.database.store(class, rows)
    }

    fn client(&self) -> Vec<(&'static str, String)> {
        self.database.client()
    }
}
