use std::sync::Arc;

use futures_util::future::try_join_all;

use super::parts::{self, Stores};
use super::servers::Urls;
use crate::config::Workload;
use crate::model::{StoreError, Value};
use crate::store::Sharing;
use crate::traffic::Traffic;

/// Entries that are on their way at once.
const BATCH: u64 = 1_000;
/// The version of a seeded row.
const SEEDED: u64 = 1;

/// Puts every seeded row into the cache, as the strategies' own fills would.
///
/// # Errors
/// When the cache refuses an entry.
pub async fn preload(workload: &Workload, traffic: &Traffic, urls: &Urls) -> Result<(), StoreError> {
    let Stores { cache, .. } =
        parts::connect(workload, urls, Sharing::Shared { connections: 1, run: 1 }, 1, &Arc::default())
            .await?;
    let ttl = workload.cache.ttl.map(|ttl| ttl.0);
    let rows = traffic.rows();
    for first in (0..rows).step_by(BATCH as usize) {
        let entries: Vec<_> = (first..rows.min(first + BATCH))
            .map(|id| {
                let row = traffic.row(id);
                let value =
                    Value { version: SEEDED, checksum: row.checksum, body: row.body, ..Value::default() };
                (traffic.key(id), value.encode())
            })
            .collect();
        try_join_all(entries.iter().map(|(key, raw)| cache.set(key, raw.clone(), ttl))).await?;
    }
    Ok(())
}
