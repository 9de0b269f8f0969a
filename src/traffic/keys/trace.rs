use std::path::PathBuf;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::{Keys, Random};
use crate::model::Kind;
use crate::registry::{self, Choice, Entry, OptionsError};
use crate::traffic::locate::locate;
use crate::traffic::replay::{Replay, Sets, Wanted};
use crate::traffic::traces::{self, Recording};

pub const ENTRY: Entry<dyn Keys, super::KeyParts> = Entry {
    name: "trace",
    summary: "the keys of a recorded trace, in its order; its operations too, where it has them",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let path = locate("trace file", &options.file, &parts.folders)?;
        let limit = options.limit.map(|limit| limit.saturating_add(options.skip));
        let recording = traces::load(&path, options.format.as_ref(), limit)
            .map_err(|error| OptionsError(error.to_string()))?;
        if recording.len() == 0 {
            return Err(OptionsError(format!("{} holds no request", path.display())));
        }
        let wanted = options.wanted(&recording)?;
        Ok(Box::new(Trace { replay: Replay::new(recording, wanted)? }))
    },
};

/// Where the kind of an operation comes from.
#[derive(Deserialize, JsonSchema, PartialEq, Default)]
#[serde(rename_all = "kebab-case")]
enum Operations {
    /// From the trace, where its format has operations; else from `traffic.mix`.
    #[default]
    Recorded,
    /// From `traffic.mix`: only the keys are replayed.
    Mix,
}

/// Where sizes or times to live come from.
#[derive(Clone, Copy, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Origin {
    /// From the trace.
    Recorded,
    /// From the settings of the workload.
    Workload,
}

impl Origin {
    /// Whether they come from a trace that has some or not.
    fn is_recorded(from: Option<Origin>, what: &str, has_some: bool) -> Result<bool, OptionsError> {
        if from == Some(Origin::Recorded) && !has_some {
            let text =
                format!("{what} are to be as recorded, but the trace has none: use {what} = \"workload\"");
            return Err(OptionsError(text));
        }
        Ok(from.map_or(has_some, |from| from == Origin::Recorded))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The file; plain or compressed with gzip, xz or zstd. A relative path is looked for beside the
    /// workload file, in the folder that CACHEBENCH_TRACES names, and in the current folder.
    file: PathBuf,
    /// The format; sniffed where it is left out.
    #[serde(default)]
    #[schemars(schema_with = "format_schema")]
    format: Option<Choice>,
    /// The replay begins after this many requests; the rows of those exist too.
    #[serde(default)]
    skip: u64,
    /// Read only this many requests, those that are skipped not counted.
    limit: Option<u64>,
    /// Where the kind of an operation comes from.
    #[serde(default)]
    operations: Operations,
    /// What the trace's SETs are; "writes" where it is left out.
    sets: Option<Sets>,
    /// Where the sizes of bodies come from; from the trace, where it has any. A row has the size of the first request of
    /// its key with a size above 0, a write its own. More than 64 KiB is cut.
    sizes: Option<Origin>,
    /// Where times to live come from; from the trace, where it has any. The entry of a key lives for the time of the
    /// first of its requests that has one; without any, for `cache.ttl`.
    ttls: Option<Origin>,
}

impl Options {
    fn wanted(&self, recording: &Recording) -> Result<Wanted, OptionsError> {
        Ok(Wanted {
            skip: self.skip,
            operations: self.operations == Operations::Recorded,
            sets: self.sets,
            sizes: Origin::is_recorded(self.sizes, "sizes", recording.has_sizes())?,
            ttls: Origin::is_recorded(self.ttls, "ttls", recording.has_ttls())?,
        })
    }
}

fn format_schema(generator: &mut SchemaGenerator) -> Schema {
    registry::choice_schema(traces::FORMATS, generator)
}

struct Trace {
    replay: Replay,
}

impl Keys for Trace {
    fn pick(&self, ticket: u64, _: u64, _: &mut Random) -> u64 {
        self.replay.row(ticket)
    }

    fn rows(&self) -> Option<u64> {
        Some(self.replay.rows())
    }

    fn kind(&self, ticket: u64) -> Option<Kind> {
        self.replay.kind(ticket)
    }

    fn has_writes(&self) -> bool {
        self.replay.has_writes()
    }

    fn length(&self) -> Option<u64> {
        Some(self.replay.len())
    }

    fn recorded_at(&self, ticket: u64) -> Option<Duration> {
        self.replay.recorded_at(ticket)
    }

    fn previous(&self, most: u64) -> Vec<u64> {
        self.replay.previous(most)
    }

    fn replay(&self) -> Option<&Replay> {
        Some(&self.replay)
    }
}
