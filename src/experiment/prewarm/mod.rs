//! Prewarm: rows that are loaded into the cache before the first operation, as a warm-up job does.

mod pace;
mod rows;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use futures_util::future::try_join_all;

use self::pace::Pace;
use super::assignment::Assignment;
use super::observer::Phase;
use super::parts::{self, Stores, Wiring};
use super::servers::Servers;
use super::stage::Stage;
use super::{ExperimentError, preload};
use crate::config::Workload;
use crate::measure::{Loads, Metrics, QueryClass, Tally, Unit};
use crate::mitigation::Guards;
use crate::model::StoreError;
use crate::store::{Sharing, Tasks};
use crate::traffic::Traffic;

/// Rows that are on their way at once.
const AT_ONCE: usize = 8;

/// What loading ahead came to.
#[derive(Clone, Debug, Default)]
pub struct Prewarmed {
    /// Rows that were put into the cache.
    keys: u64,
    seconds: f64,
    /// Loads sent to the database for it.
    loads: u64,
    /// Of the entries, without their names.
    bytes: u64,
    /// What a reader should know of it.
    pub note: Option<String>,
}

impl Prewarmed {
    pub fn tell(&self, metrics: &mut Metrics) {
        metrics.put("prewarm.keys", self.keys as f64, Unit::Count);
        metrics.put("prewarm.seconds", self.seconds, Unit::S);
        metrics.put("prewarm.loads", self.loads as f64, Unit::Count);
        metrics.put("prewarm.bytes", self.bytes as f64, Unit::Bytes);
    }
}

/// Whether anything is loaded ahead.
fn is_wanted(workload: &Workload) -> bool {
    !workload.cache.prewarm.is_none() && workload.conduct().caches
}

/// Loads the rows that the workload asks for, through connections of its own, and says what that took; nothing where it
/// asks for none.
///
/// # Errors
/// When the rows cannot be named, or a store fails.
pub fn prewarm(stage: &Stage, servers: &Servers) -> Result<Option<Prewarmed>, ExperimentError> {
    let Assignment { workload, file, stop, .. } = stage.assignment;
    if !is_wanted(workload) {
        return Ok(None);
    }
    let (rows, note) = rows::chosen(workload, &stage.traffic, &parts::folders(file))?;
    stage.assignment.begin(Phase::Prewarming { rows: rows.len() as u64 });
    let loaded = servers.wait(stop, load(stage, &rows))?;
    Ok(Some(Prewarmed { note, ..loaded }))
}

/// Reads each row and puts it into the cache as a fill would, no more of them a second than the workload allows.
async fn load(stage: &Stage<'_>, rows: &[u64]) -> Result<Prewarmed, StoreError> {
    let (workload, traffic) = (stage.assignment.workload, &*stage.traffic);
    let tally = Arc::new(Tally::default());
    let sharing = Sharing::Shared { connections: 1, run: 1 };
    let wiring = Wiring::plain(sharing, AT_ONCE);
    let stores = parts::connect(workload, &stage.urls, wiring, &tally, &Tasks::none()).await?;
    let guards = preload::guards(workload, traffic, stage.urls.clock())?;
    let began = Instant::now();
    let loading = Loading {
        stores,
        loads: &stage.loads,
        guards,
        pace: Pace::new(workload.cache.prewarm.rate().unwrap_or(f64::MAX)),
        next: AtomicUsize::new(0),
        keys: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
    };
    try_join_all((0..AT_ONCE).map(|_| loading.work(traffic, rows))).await?;
    Ok(Prewarmed {
        keys: loading.keys.load(Relaxed),
        seconds: began.elapsed().as_secs_f64(),
        loads: tally.counts().query(QueryClass::Load),
        bytes: loading.bytes.load(Relaxed),
        note: None,
    })
}

/// The loading under way.
struct Loading<'a> {
    stores: Stores,
    /// Where it is noted which rows have been in the cache.
    loads: &'a Loads,
    guards: Guards,
    pace: Pace,
    /// The place of the next row.
    next: AtomicUsize,
    keys: AtomicU64,
    bytes: AtomicU64,
}

impl Loading<'_> {
    /// Loads one row after the other until there is none left.
    async fn work(&self, traffic: &Traffic, rows: &[u64]) -> Result<(), StoreError> {
        while let Some(&row) = rows.get(self.next.fetch_add(1, Relaxed)) {
            self.pace.turn().await;
            let key = traffic.key(row);
            let Some(value) = self.stores.database.load(&key).await?.filter(|value| !value.tombstone) else {
                continue;
            };
            let (value, ttl) = self.guards.stamp(&key, value);
            let raw = value.encode();
            self.bytes.fetch_add(raw.len() as u64, Relaxed);
            self.stores.cache.set(&key, raw, ttl).await?;
            self.keys.fetch_add(1, Relaxed);
            self.loads.entries().enter(row);
        }
        Ok(())
    }
}
