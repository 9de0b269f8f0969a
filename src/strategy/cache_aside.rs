use schemars::JsonSchema;
use serde::Deserialize;

use super::{Fill, Parts, Promise, Sides, Strategy};
use crate::coherence;
use crate::registry::{self, Choice, Entry};

/// Lazy loading, the application in charge of both stores.
pub const ENTRY: Entry<dyn Strategy, Parts> = Entry {
    name: "cache-aside",
    summary: "the application loads on a miss; a write goes to the database, then deletes or replaces the entry",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let coherence = parts.coherence(&options.coherence)?;
        let sides = Sides::database_first(&parts, coherence, Fill::Wait, Promise::None);
        Ok(Box::new(sides.filled_by_others()))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// How the entry of a written row is kept coherent with the database.
    #[schemars(schema_with = "coherence::schema")]
    coherence: Choice,
}

impl Default for Options {
    fn default() -> Options {
        Options { coherence: Choice::named("delete") }
    }
}
