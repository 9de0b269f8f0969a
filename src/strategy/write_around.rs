use super::{DatabaseFirst, Fill, LookAside, Parts, Promise, Strategy};
use crate::model::{BoxFuture, Key, Operation, Outcome, StoreError};
use crate::registry::{self, Choice, Entry, NoOptions};

pub const ENTRY: Entry<dyn Strategy, Parts> = Entry {
    name: "write-around",
    summary: "writes go to the database only; entries of written rows stay until their TTL",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        let coherence = parts.coherence(&Choice::named("keep"))?;
        Ok(Box::new(WriteAround {
            reads: LookAside::new(&parts, coherence.clone(), Fill::Wait),
            writes: DatabaseFirst::new(&parts, coherence, Promise::None),
        }))
    },
};

/// Writes pass the cache by: the cheapest write, and the TTL is the only bound on how stale a read may be.
struct WriteAround {
    reads: LookAside,
    writes: DatabaseFirst,
}

impl Strategy for WriteAround {
    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read(key))
    }

    fn read_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read_many(keys))
    }

    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        Box::pin(self.writes.write(operation))
    }

    fn drain<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.reads.drain().await;
            self.writes.drain().await
        })
    }
}
