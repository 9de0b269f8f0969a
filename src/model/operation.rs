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
    /// Reads several rows at once.
    MultiRead,
    /// Takes units from the stock of one row, if that many are left.
    Decrement,
    /// Puts one row into the cache as it was seeded; the database is not asked.
    Fill,
    /// Takes the entry of one row out of the cache; the row stays.
    Invalidate,
}

impl Kind {
    pub const ALL: [Kind; 8] = [
        Kind::Read,
        Kind::Write,
        Kind::Insert,
        Kind::Delete,
        Kind::MultiRead,
        Kind::Decrement,
        Kind::Fill,
        Kind::Invalidate,
    ];

    /// Those on one row that a recording can hold.
    pub const OF_ONE_ROW: [Kind; 4] = [Kind::Read, Kind::Write, Kind::Insert, Kind::Delete];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Read => "read",
            Kind::Write => "write",
            Kind::Insert => "insert",
            Kind::Delete => "delete",
            Kind::MultiRead => "multi-read",
            Kind::Decrement => "decrement",
            Kind::Fill => "fill",
            Kind::Invalidate => "invalidate",
        }
    }

    /// Whether the operation changes the row.
    pub fn is_write(self) -> bool {
        !matches!(self, Kind::Read | Kind::MultiRead | Kind::Fill | Kind::Invalidate)
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
    /// The first one of a multi-read.
    pub key: Key,
    /// All keys of a multi-read, each once; empty for the other kinds.
    pub keys: Vec<Key>,
    /// The new content; empty but for writes, inserts and fills.
    pub payload: Payload,
    /// Units that a decrement takes; 0 for the other kinds.
    pub quantity: u32,
    /// Whether it is a read of a scan.
    pub scans: bool,
}
