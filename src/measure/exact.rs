use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Command, QueryClass, Recorder, TallyCounts};
use crate::model::{Kind, Served};

/// What a cell came to in whole numbers that follow from its operations alone, and not from the machine: by name, over all
/// of its operations. A count that is not told is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExactCounts(pub BTreeMap<String, u64>);

/// What is counted beside the load and its tallies, where it can be.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnTheWire {
    /// Bytes to the cache and from it.
    pub cache: Option<(u64, u64)>,
    /// Bytes to the database and from it.
    pub database: Option<(u64, u64)>,
    /// How often operations asked for memory.
    pub allocations: Option<u64>,
}

impl ExactCounts {
    /// What was counted of the operations that a recorder has seen, and of what was sent for them.
    pub fn of(recorder: &Recorder, sent: &TallyCounts, wire: OnTheWire) -> ExactCounts {
        let mut counts = BTreeMap::new();
        let mut put = |name: String, count: u64| {
            counts.insert(name, count);
        };
        let served = |served| recorder.served(served) + recorder.rows_served(served);
        put("operations".into(), recorder.operations());
        put("reads".into(), recorder.count(Kind::Read) + recorder.rows_asked());
        put("hits".into(), served(Served::Hit) + served(Served::Near));
        put("failures".into(), recorder.failures());
        for command in Command::ALL {
            put(format!("cache.{}", command.name()), sent.command(command));
        }
        put("db.reads".into(), sent.query(QueryClass::Load));
        put("db.writes".into(), sent.query(QueryClass::Write) + sent.query(QueryClass::Flush));
        put("round_trips".into(), sent.cache_round_trips + sent.queries());
        for (store, bytes) in [("cache", wire.cache), ("db", wire.database)] {
            if let Some((sent, received)) = bytes {
                put(format!("{store}.bytes_sent"), sent);
                put(format!("{store}.bytes_received"), received);
            }
        }
        if let Some(allocations) = wire.allocations {
            put("allocations".into(), allocations);
        }
        ExactCounts(counts)
    }

    /// Adds the rows that the database read for its statements, whether or not they were wanted.
    pub fn put_rows_read(&mut self, rows: u64) {
        self.0.insert("db.rows_read".into(), rows);
    }

    pub fn get(&self, name: &str) -> Option<u64> {
        self.0.get(name).copied()
    }
}
