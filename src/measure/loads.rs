use std::sync::Arc;

use crate::model::Moment;

/// Every load of a row from the database on behalf of readers, over all service instances of a run.
#[derive(Default)]
pub struct Loads;

/// Why a row is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// There was no entry.
    Missing,
    /// There was one that is no longer fresh.
    Expired,
    /// There was one that is fresh for so many microseconds more.
    Early { lead_us: u64 },
}

/// A load under way; dropped without `offered`, it came to nothing.
pub struct Load;

impl Loads {
    pub fn begin(self: &Arc<Self>, _: u64, _: Moment, _: Cause) -> Load {
        Load
    }
}

impl Load {
    pub fn loaded(&mut self) {}

    pub fn offered(self, _: bool) {}
}
