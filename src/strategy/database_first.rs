use std::sync::Arc;
use std::time::Duration;

use super::{Parts, write_row, written};
use crate::model::{Kind, Operation, Outcome};
use crate::store::{Cache, Database};

/// What happens to the entry of a row that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is deleted.
    Invalidate,
    /// It is replaced by the new row, or deleted with it.
    Update,
    /// It stays until its TTL.
    Keep,
}

/// The write path of strategies that commit to the database first and tell the cache afterwards.
///
/// The write is acknowledged once it is committed, even if the cache could not be told: that is counted as an
/// error of the cache, and readers may see the old row until its TTL.
pub struct DatabaseFirst {
    cache: Arc<dyn Cache>,
    database: Arc<dyn Database>,
    ttl: Option<Duration>,
    then: Then,
}

impl DatabaseFirst {
    pub fn new(parts: &Parts, then: Then) -> DatabaseFirst {
        DatabaseFirst { cache: parts.cache.clone(), database: parts.database.clone(), ttl: parts.ttl, then }
    }

    pub async fn write(&self, operation: &Operation) -> Outcome {
        let version = match write_row(&*self.database, operation).await {
            Ok(version) => version,
            Err(error) => return error.into(),
        };
        let key = &operation.key;
        let _ = match (self.then, version, operation.kind) {
            (Then::Keep, ..) => Ok(()),
            (Then::Update, Some(version), Kind::Write | Kind::Insert) => {
                self.cache.set(key, written(operation, version).encode(), self.ttl).await
            }
            _ => self.cache.delete(key).await.map(drop),
        };
        Outcome::Written { version }
    }
}
