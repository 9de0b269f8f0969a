use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Request, Sample, Source, TraceError, TraceFormat};
use crate::registry::{self, Entry};

mod command;
mod line;

pub(super) const ENTRY: Entry<dyn TraceFormat, Source> = Entry {
    name: "monitor",
    summary: "text, what `redis-cli monitor` prints: reads, writes and deletes by key, with times, sizes and TTLs",
    options: registry::schema_of::<Options>,
    build: |options, source| {
        let Options { db } = registry::options(options)?;
        Ok(Box::new(Monitor::new(source, db)))
    },
};

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Only the commands of this database; by default those of all, whose keys are then not told apart.
    db: Option<u32>,
}

/// The commands that a Redis server was sent, as its MONITOR tells them.
///
/// A command on several keys is a request for each. Commands of a script count by the lines that say `lua`, and the
/// call of the script does not. What has no key, or touches no entry's content, is skipped (`command.rs`).
pub struct Monitor {
    source: Source,
    db: Option<u32>,
    /// What is left of the current line.
    requests: VecDeque<Request>,
    skipped: u64,
}

/// The longest line: values of 64 MiB, less what stands in them escaped.
const LONGEST_LINE: usize = 64 << 20;

/// A line that MONITOR does not print: what is wrong with it, and what would be right.
pub struct Misread {
    pub wrong: String,
    pub right: &'static str,
}

impl Monitor {
    /// The requests in the lines of `source`; of one database, or of all.
    pub fn new(source: Source, db: Option<u32>) -> Monitor {
        Monitor { source: source.with_lines_up_to(LONGEST_LINE), db, requests: VecDeque::new(), skipped: 0 }
    }

    /// How many commands were skipped so far.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }
}

/// Appends the requests of a line; false where it is a command that is skipped.
///
/// # Errors
/// When MONITOR prints no such line.
pub fn read_line(line: &[u8], db: Option<u32>, into: &mut VecDeque<Request>) -> Result<bool, Misread> {
    let Some(line) = line::Line::read(line)? else { return Ok(true) };
    if db.is_some_and(|db| db != line.db) {
        return Ok(false);
    }
    let before = into.len();
    command::requests(&line, into);
    Ok(into.len() > before)
}

impl TraceFormat for Monitor {
    fn next(&mut self) -> Result<Option<Request>, TraceError> {
        loop {
            if let Some(request) = self.requests.pop_front() {
                return Ok(Some(request));
            }
            if !self.source.next_line()? {
                return Ok(None);
            }
            self.source.count();
            match read_line(self.source.line(), self.db, &mut self.requests) {
                Ok(used) => self.skipped += u64::from(!used),
                Err(Misread { wrong, right }) => return Err(self.source.wrong(wrong, right)),
            }
        }
    }
}

/// Whether the first lines are commands.
pub(super) fn recognises(sample: &Sample) -> bool {
    let mut lines = sample.lines().map(line::Line::read).filter(|line| !matches!(line, Ok(None)));
    // The second may be cut by the sample.
    lines.next().is_some_and(|first| first.is_ok())
}

#[cfg(test)]
mod tests;
