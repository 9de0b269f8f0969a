use schemars::JsonSchema;
use serde::Deserialize;

use super::{Fill, Parts, Promise, Sides, Strategy};
use crate::coherence;
use crate::registry::{self, Choice, Entry};

/// A cache that knows how to load: callers give it a key and get a row.
///
/// With its defaults it sends what cache-aside sends; what differs is whose code it is. The measured
/// difference lies in its options, which an application could not choose for all of its callers at once.
pub const ENTRY: Entry<dyn Strategy, Parts> = Entry {
    name: "read-through",
    summary: "the application asks a loading cache only; the cache loads, fills, and is told of writes",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let fill = match options.fill {
            FillOption::Wait => Fill::Wait,
            FillOption::Behind => Fill::Behind,
        };
        let coherence = parts.coherence(&options.coherence)?;
        let sides = Sides::database_first(&parts, coherence, fill, Promise::None);
        Ok(Box::new(sides.filled_by_others()))
    },
};

/// Whether the caller of a miss waits for the fill.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum FillOption {
    /// It does, as in cache-aside.
    #[default]
    Wait,
    /// It gets its row at once; the cache fills behind its back.
    Behind,
}

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// How the loading cache keeps the entry of a written row coherent with the database.
    #[schemars(schema_with = "coherence::schema")]
    coherence: Choice,
    /// Whether the caller of a miss waits for the fill.
    fill: FillOption,
}

impl Default for Options {
    fn default() -> Options {
        Options { coherence: Choice::named("delete"), fill: FillOption::Wait }
    }
}
