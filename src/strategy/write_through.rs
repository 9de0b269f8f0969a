use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{CacheFirst, Fill, LookAside, Parts, Promise, Sides, Strategy};
use crate::coherence::{self, Coherence};
use crate::registry::{self, Choice, Entry, OptionsError};

/// Both stores are written within the caller's wait.
///
/// The database first: two writers of one key may reach the two stores in opposite orders; plain sets then keep the
/// older row until its TTL, versioned ones do not. A write that reached only the database has failed for its caller, as
/// the promise was not kept, though the row is changed.
pub const ENTRY: Entry<dyn Strategy, Parts> = Entry {
    name: "write-through",
    summary: "the cache layer writes both stores, one after the other, before it acknowledges",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        if let Some(coherence) = options.coherence(parts.of_coherence())? {
            let coherence = parts.guards.coherence(coherence)?;
            return Ok(Box::new(Sides::database_first(&parts, coherence, Fill::Wait, Promise::Told)));
        }
        // The script that writes is what keeps the entry; reads take it as they find it.
        let keep = parts.coherence(&Choice::named("keep"))?;
        Ok(Box::new(Sides::new(LookAside::new(&parts, keep, Fill::Add), CacheFirst(parts))))
    },
};

/// Which store is written first.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Order {
    /// The database, which assigns the version; a failure leaves the cache as it was.
    #[default]
    DatabaseFirst,
    /// The cache, which assigns the version; a failure of the database leaves the cache ahead of it.
    CacheFirst,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Which store is written first.
    order: Order,
    /// How the row is put into the cache when the database is written first: by a plain `update`, the default, or by
    /// `compare-and-set`.
    #[schemars(schema_with = "coherence::schema")]
    coherence: Option<Choice>,
}

impl Options {
    /// How the row is put into the cache; nothing where the cache is written first.
    fn coherence(&self, parts: coherence::Parts) -> Result<Option<Arc<dyn Coherence>>, OptionsError> {
        let choice = match (self.order, &self.coherence) {
            (Order::CacheFirst, None) => return Ok(None),
            (Order::CacheFirst, Some(_)) => {
                let text = "with the cache first there is no choice of coherence: the cache assigns the version; \
                            leave `coherence` out";
                return Err(OptionsError(text.into()));
            }
            (Order::DatabaseFirst, choice) => choice.clone().unwrap_or_else(|| Choice::named("update")),
        };
        let coherence = coherence::build(&choice, parts)?;
        if coherence.leaves_row() {
            return Ok(Some(coherence));
        }
        Err(OptionsError(format!(
            "write-through leaves the written row in the cache, and the coherence `{}` does not; \
             use `update`, or `compare-and-set` with leave = \"row\"",
            choice.label()
        )))
    }
}
