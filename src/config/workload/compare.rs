use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Compare {
    /// How often each cell is measured; cells are interleaved, not run in blocks.
    #[schemars(range(min = 1, max = 1_000))]
    pub repeat: u32,
    /// How many measurements are made at the same time, each with a cache and a database of its own on the same
    /// machine: for comparing hit rates at a modest pace. Their latencies tell nothing.
    #[schemars(range(min = 1, max = 64))]
    pub at_once: u32,
    /// Lists of values by dotted path.
    #[serde(flatten)]
    #[schemars(with = "BTreeMap<String, Vec<serde_json::Value>>")]
    pub settings: serde_json::Map<String, serde_json::Value>,
}

impl Default for Compare {
    fn default() -> Compare {
        Compare { repeat: 1, at_once: 1, settings: serde_json::Map::new() }
    }
}
