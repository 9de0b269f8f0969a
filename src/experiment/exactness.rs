use std::sync::Arc;

use super::servers::Servers;
use super::stage::Stage;
use crate::engine::Ticks;
use crate::measure::{ExactCounts, OnTheWire, Recorder, TallyCounts};
use crate::servers::{Carried, rows_read};

/// Counts, rather than times, what the one client of a cell costs: from a moment before its load.
pub struct Exactness {
    ticks: Arc<Ticks>,
    cache: Option<Carried>,
    database: Option<Carried>,
}

impl Exactness {
    /// Begins to count; nothing where there is no logical time.
    pub fn begin(stage: &Stage, servers: &Servers) -> Option<Exactness> {
        let tick = stage.assignment.workload.traffic.tick?;
        let ticks = Arc::new(Ticks::new(stage.urls.clock(), tick.0));
        let (cache, database) = carried(servers);
        Some(Exactness { ticks, cache, database })
    }

    /// What moves logical time on.
    pub fn ticks(&self) -> Arc<Ticks> {
        self.ticks.clone()
    }

    /// What was counted since, of the operations that the recorder saw and of what was sent for them.
    pub fn end(&self, servers: &Servers, recorder: &Recorder, sent: &TallyCounts) -> ExactCounts {
        let (cache, database) = carried(servers);
        let bytes = |after: Option<Carried>, before: Option<Carried>| {
            let Carried { sent, received } = after?.since(before?);
            Some((sent, received))
        };
        // An allocator that counts has something to tell of every operation.
        let allocations = Some(self.ticks.allocations()).filter(|&count| count > 0);
        let wire = OnTheWire {
            cache: bytes(cache, self.cache),
            database: bytes(database, self.database),
            allocations,
        };
        ExactCounts::of(recorder, sent, wire)
    }
}

fn carried(servers: &Servers) -> (Option<Carried>, Option<Carried>) {
    let cache = servers.fleet.as_ref().and_then(|fleet| fleet.carried());
    (cache, servers.database_proxy.as_ref().map(|proxy| proxy.carried()))
}

/// Rows that the database has read so far, once no connection of ours is left; nothing where that is not told, or
/// where a workload goes by the clock and nobody asks.
pub fn rows_read_so_far(servers: &Servers, is_logical: bool, database: &str) -> Option<u64> {
    // What cannot be asked is left out of the counts.
    is_logical.then(|| servers.runtime.block_on(rows_read(database)).ok().flatten()).flatten()
}
