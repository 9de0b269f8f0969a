use super::{CacheFirst, Inventory, Parts, Takes};
use crate::registry::{self, Entry, NoOptions};

/// The listing of the article. Two levels of a row may reach the database in the wrong order, and the older one
/// stays: the units between them are sold and still there.
pub const ENTRY: Entry<dyn Inventory, Parts> = Entry {
    name: "set-level",
    summary: "the database is set to the level that the cache came to, as in the article; late ones overwrite newer",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(CacheFirst::new(parts, Takes::Any)))
    },
};
