use std::time::Duration;

use bytes::Bytes;
use futures_util::future::try_join_all;

use super::parts::{self, Stores};
use super::stage::Stage;
use crate::config::Workload;
use crate::mitigation::{self, Guards};
use crate::model::{Key, StockLevel, StoreError, UnixClock, Value};
use crate::store::Cache;
use crate::traffic::Traffic;

/// Entries that are on their way at once.
const BATCH: u64 = 1_000;
/// The version of a seeded row.
const SEEDED: u64 = 1;

/// Whether anything is in the cache before the first operation.
pub fn is_wanted(workload: &Workload, traffic: &Traffic) -> bool {
    workload.cache.preload || traffic.decrements()
}

/// Puts into the cache what is there before the first operation: every seeded row, as the strategies' own fills
/// would, where the workload asks for it; and the stock of every row, where it is decremented.
///
/// # Errors
/// When the cache refuses an entry.
pub async fn preload(stage: &Stage<'_>) -> Result<(), StoreError> {
    let (workload, traffic) = (stage.assignment.workload, &*stage.traffic);
    let Stores { cache, .. } = parts::connect_apart(workload, &stage.urls).await?;
    if workload.cache.preload {
        let entries = SeededEntries::new(workload, traffic, stage.urls.clock())?;
        for of_row_0 in workload.templates().iter().flat_map(|template| workload.entries_of(template)) {
            let entry = |id| {
                let (_, raw, ttl) = entries.of(id);
                (of_row_0.with_id(id), raw, ttl)
            };
            put(&*cache, traffic.rows(), entry).await?;
        }
        (0..traffic.rows()).for_each(|id| stage.loads.entries().enter(id));
    }
    if traffic.decrements() {
        let level = StockLevel { units: workload.inventory.stock as i64, version: 0 }.encode();
        // Without a TTL: nobody puts back what has expired.
        put(&*cache, traffic.rows(), |id| (traffic.key(id).stock(), level.clone(), None)).await?;
    }
    Ok(())
}

/// The entries of seeded rows, as the strategies' own fills would make them.
pub struct SeededEntries<'a> {
    traffic: &'a Traffic,
    guards: Guards,
    least_ttl: Duration,
}

impl<'a> SeededEntries<'a> {
    /// Living by `clock`.
    ///
    /// # Errors
    /// When the guards cannot be built.
    pub fn new(
        workload: &Workload,
        traffic: &'a Traffic,
        clock: UnixClock,
    ) -> Result<SeededEntries<'a>, StoreError> {
        Ok(SeededEntries { traffic, guards: guards(workload, traffic, clock)?, least_ttl: Duration::ZERO })
    }

    /// Those that have a TTL have at least this one.
    #[must_use]
    pub fn living_at_least(self, least_ttl: Duration) -> SeededEntries<'a> {
        SeededEntries { least_ttl, ..self }
    }

    /// The entry of a row: its name, its bytes and its TTL.
    pub fn of(&self, id: u64) -> (Key, Bytes, Option<Duration>) {
        let row = self.traffic.row(id);
        let value = Value { version: SEEDED, checksum: row.checksum, body: row.body, ..Value::default() };
        let key = self.traffic.key(id);
        let (value, ttl) = self.guards.stamp(&key, value);
        (key, value.encode(), ttl.map(|ttl| ttl.max(self.least_ttl)))
    }
}

/// The guards of a workload, as far as they say how long entries live.
pub fn guards(workload: &Workload, traffic: &Traffic, clock: UnixClock) -> Result<Guards, StoreError> {
    let ttl = workload.cache.ttl.map(|ttl| ttl.0);
    let parts = mitigation::Parts { seed: workload.data.seed, clock, ..mitigation::Parts::noop(ttl) };
    let guards = workload.mitigation.build(&parts).map_err(parts::refused)?;
    Ok(guards.over(parts::lifetimes(workload, traffic)))
}

async fn put(
    cache: &dyn Cache,
    rows: u64,
    entry: impl Fn(u64) -> (Key, Bytes, Option<Duration>),
) -> Result<(), StoreError> {
    for first in (0..rows).step_by(BATCH as usize) {
        let entries: Vec<_> = (first..rows.min(first + BATCH)).map(&entry).collect();
        try_join_all(entries.iter().map(|(key, raw, ttl)| cache.set(key, raw.clone(), *ttl))).await?;
    }
    Ok(())
}
