use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a change of the nodes of a cache moved, by the mapping alone, and what that cost.
///
/// The costs are held against a replay of the same requests, without servers, through a cache without limit of which
/// it is known on which nodes each row is; their time is that of the record, up to the next fault or the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Remap {
    /// Nodes that keys were placed on before, and after.
    pub from: u32,
    pub to: u32,
    /// The share of all rows whose node changed.
    pub keys: f64,
    /// The share of the rows asked for afterwards whose node had changed.
    pub requests: f64,
    /// The share of all rows that moved though both their nodes were there before and after.
    pub needless: f64,
    /// Entries that were in the cache, and those of them that could not be found any more: their share times the working
    /// set, which is what the database has to load once all of them have been asked for.
    pub entries: u64,
    pub entries_moved: u64,
    /// Rows loaded from the database in that time.
    pub loads: u64,
    /// Rows that the replay would have loaded, and those that it would have without the change.
    pub expected_loads: u64,
    pub expected_without: u64,
    /// The hit rate of the first second, and that of the replay.
    pub hit_rate: Option<f64>,
    pub expected_hit_rate: Option<f64>,
}

impl Remap {
    /// Loads that the change caused: those that the replay would not have had without it.
    pub fn extra_loads(&self) -> f64 {
        self.loads as f64 - self.expected_without as f64
    }

    /// As many as the replay expects.
    pub fn expected_extra(&self) -> f64 {
        self.expected_loads as f64 - self.expected_without as f64
    }
}
