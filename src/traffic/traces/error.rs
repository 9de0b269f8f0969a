use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::registry::OptionsError;

/// A trace that cannot be replayed: which file, where in it, what is wrong, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    #[error("{}: cannot be opened: {reason}", path.display())]
    Open { path: Arc<Path>, reason: io::Error },
    /// Also a damaged or cut compression: its bytes are decoded while they are read.
    #[error("{at}: cannot be read: {reason}")]
    Read { at: Position, reason: io::Error },
    #[error("{at}: {wrong}; expected {right}")]
    Record { at: Position, wrong: String, right: String },
    #[error("{at}: the file ends in the middle of a record, after {present} of its {whole} bytes")]
    Truncated { at: Position, present: usize, whole: usize },
    #[error("{}: {wrong}, the file has: {columns}", path.display())]
    Column { path: Arc<Path>, wrong: String, columns: String },
    #[error("{}: the trace format `{format}`: {reason}", path.display())]
    Format { path: Arc<Path>, format: String, reason: OptionsError },
    #[error("{}: the trace format cannot be told from the content; name one of: {formats}", path.display())]
    Unrecognised { path: Arc<Path>, formats: String },
    #[error("{}: the name does not tell the format to write; name one of: {formats}", path.display())]
    Unnamed { path: Arc<Path>, formats: String },
    #[error("{}: record {record} does not fit into the format {format}: {wrong}; expected {right}", path.display())]
    Misfit { path: Arc<Path>, record: u64, wrong: String, format: &'static str, right: &'static str },
    #[error("{}: cannot be written: {reason}", path.display())]
    Write { path: Arc<Path>, reason: io::Error },
    #[error("{}: there is no request in it", path.display())]
    Empty { path: Arc<Path> },
    #[error("{}: {} different keys or more", path.display(), u32::MAX)]
    TooManyKeys { path: Arc<Path> },
}

/// Where in a trace something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub path: Arc<Path>,
    /// Counts the records from 1; headers and skipped lines are none.
    pub record: u64,
    pub place: Place,
}

/// The place of a record in the decompressed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Counted from 1.
    Line(u64),
    /// Offset of the record's first byte.
    Byte(u64),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, record {} ", self.path.display(), self.record)?;
        match self.place {
            Place::Line(line) => write!(f, "(line {line})"),
            Place::Byte(offset) => write!(f, "(byte {offset})"),
        }
    }
}

/// What stands in a trace, as an error shows it: cut to a length that fits into a sentence.
pub(super) fn shown(bytes: &[u8]) -> String {
    const LONGEST: usize = 60;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST)]).escape_debug().to_string();
    if bytes.len() > LONGEST { text + "…" } else { text }
}
