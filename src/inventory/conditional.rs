use super::{CacheFirst, Inventory, Parts, Takes};
use crate::registry::{self, Entry, NoOptions};

/// Each level has the version that the cache gave it, and the database takes only newer ones: a level that comes
/// late is contained in what is there.
pub const ENTRY: Entry<dyn Inventory, Parts> = Entry {
    name: "conditional",
    summary: "the database is set to the level of the cache, unless it has a newer version",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(CacheFirst::new(parts, Takes::Newer)))
    },
};
