use std::path::PathBuf;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::{Keys, Random};
use crate::model::Kind;
use crate::registry::{self, Choice, Entry, OptionsError};
use crate::traffic::locate::locate;
use crate::traffic::traces::{self, Recording};

pub const ENTRY: Entry<dyn Keys, super::KeyParts> = Entry {
    name: "trace",
    summary: "the keys of a recorded trace, in its order; its operations too, where it has them",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let path = locate("trace file", &options.file, &parts.folders)?;
        let recording = traces::load(&path, options.format.as_ref(), options.limit)
            .map_err(|error| OptionsError(error.to_string()))?;
        if recording.len() == 0 {
            return Err(OptionsError(format!("{} holds no request", path.display())));
        }
        let recorded = options.operations == Operations::Recorded;
        Ok(Box::new(Trace { recording, recorded }))
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
    /// Read only this many requests from the start.
    limit: Option<u64>,
    /// Where the kind of an operation comes from.
    #[serde(default)]
    operations: Operations,
}

fn format_schema(generator: &mut SchemaGenerator) -> Schema {
    registry::choice_schema(traces::FORMATS, generator)
}

/// A recording replayed by ticket, and again from its start when it ends.
///
/// Its keys are numbered in the order of their first appearance; the number is the row id.
struct Trace {
    recording: Recording,
    recorded: bool,
}

impl Trace {
    fn at(&self, ticket: u64) -> traces::Recorded {
        self.recording.request(ticket % self.recording.len())
    }
}

impl Keys for Trace {
    fn pick(&self, ticket: u64, _: u64, _: &mut Random) -> u64 {
        self.at(ticket).key
    }

    fn rows(&self) -> Option<u64> {
        Some(self.recording.unique_keys())
    }

    fn kind(&self, ticket: u64) -> Option<Kind> {
        if self.recorded { self.at(ticket).op } else { None }
    }

    fn has_writes(&self) -> bool {
        self.recorded
            && Kind::OF_ONE_ROW.into_iter().any(|kind| kind.is_write() && self.recording.count(kind) > 0)
    }

    fn length(&self) -> Option<u64> {
        Some(self.recording.len())
    }

    fn recorded_at(&self, ticket: u64) -> Option<Duration> {
        let turn = u32::try_from(ticket / self.recording.len()).ok()?;
        let span = self.recording.span()?;
        self.at(ticket).at.map(|at| at + span * turn)
    }
}
