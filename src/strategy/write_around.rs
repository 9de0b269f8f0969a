use super::{Fill, Parts, Promise, Sides, Strategy};
use crate::registry::{self, Choice, Entry, NoOptions};

/// Writes pass the cache by: the cheapest write, and the TTL is the only bound on how stale a read may be.
pub const ENTRY: Entry<dyn Strategy, Parts> = Entry {
    name: "write-around",
    summary: "writes go to the database only; entries of written rows stay until their TTL",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        let coherence = parts.coherence(&Choice::named("keep"))?;
        Ok(Box::new(Sides::database_first(&parts, coherence, Fill::Wait, Promise::None)))
    },
};
