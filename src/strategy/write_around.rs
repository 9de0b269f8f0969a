use super::{DatabaseFirst, Fill, LookAside, Parts, Strategy, Then};
use crate::model::{BoxFuture, Key, Operation, Outcome};
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Strategy, Parts> = Entry {
    name: "write-around",
    summary: "writes go to the database only; entries of written rows stay until their TTL",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(WriteAround {
            reads: LookAside::new(&parts, Fill::Replace),
            writes: DatabaseFirst::new(&parts, Then::Keep),
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
}
