use std::sync::Arc;

use super::{Fill, LookAside, Parts, Strategy, write_row};
use crate::model::{BoxFuture, Key, Operation, Outcome};
use crate::registry::{self, Entry, NoOptions};
use crate::store::Database;

pub const ENTRY: Entry<dyn Strategy, Parts> = Entry {
    name: "write-around",
    summary: "writes go to the database only; entries of written rows stay until their TTL",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(WriteAround { reads: LookAside::new(&parts, Fill::Replace), database: parts.database }))
    },
};

/// Writes pass the cache by: the cheapest write, and the TTL is the only bound on how stale a read may be.
struct WriteAround {
    reads: LookAside,
    database: Arc<dyn Database>,
}

impl Strategy for WriteAround {
    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read(key))
    }

    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            match write_row(&*self.database, operation).await {
                Ok(version) => Outcome::Written { version },
                Err(error) => error.into(),
            }
        })
    }
}
