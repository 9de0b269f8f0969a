use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Key, checksum};

/// What an operation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Read,
    Write,
    Insert,
    Delete,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Read, Kind::Write, Kind::Insert, Kind::Delete];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Read => "read",
            Kind::Write => "write",
            Kind::Insert => "insert",
            Kind::Delete => "delete",
        }
    }

    /// Whether the operation changes the row.
    pub fn is_write(self) -> bool {
        self != Kind::Read
    }
}

/// The new content of a row, with the checksum that binds it to its key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    pub body: Bytes,
    pub checksum: u64,
}

impl Payload {
    pub fn new(key: &Key, body: Bytes) -> Payload {
        let checksum = checksum(key, &body);
        Payload { body, checksum }
    }
}

/// One request of the workload, complete before its clock starts.
///
/// Everything in it follows from the seed and the ticket alone, so a run repeats whatever the
/// interleaving of its workers.
#[derive(Clone, Debug)]
pub struct Operation {
    pub ticket: u64,
    pub kind: Kind,
    pub key: Key,
    /// The new content; empty for reads and deletes.
    pub payload: Payload,
}
