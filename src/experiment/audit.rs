use std::sync::Arc;
use std::time::Duration;

use super::parts;
use super::servers::Urls;
use crate::config::Workload;
use crate::engine::Stop;
use crate::measure::{Account, Audit, CacheAudit, Compared, Difference, Ledger, Recheck};
use crate::model::{Failure, Key, StoreError};
use crate::store::postgres::{Listed, Listing};
use crate::store::scripts::{Surveyed, survey};
use crate::store::{Cache, Sharing};
use crate::traffic::Traffic;

/// Rows looked at together.
const BATCH: u64 = 1_000;

/// What an audit looks at.
pub struct Scene<'a> {
    pub workload: &'a Workload,
    pub urls: &'a Urls,
    pub traffic: &'a Traffic,
    pub ledger: &'a Ledger,
    /// One more than the largest row id that may exist.
    pub rows: u64,
    /// Whether the cache is looked at too.
    pub cache: bool,
    pub stop: &'a Stop,
}

/// Looks at every row, in the database and in the cache, once the load has ended and all is drained.
///
/// # Errors
/// When the database does not answer. A cache that does not is told in the result.
pub async fn audit(scene: &Scene<'_>) -> Result<Audit, StoreError> {
    let mut listing = Listing::open(&scene.urls.database).await?;
    let sharing = Sharing::Shared { connections: 1, run: 1 };
    let mut audit = Audit::default();
    let mut cache = None;
    if scene.cache {
        match parts::connect(scene.workload, scene.urls, sharing, 1, &Arc::default()).await {
            Ok(stores) => cache = Some(stores.cache),
            Err(error) => audit.unread = Some(error.to_string()),
        }
    }
    audit.cache = cache.is_some().then(CacheAudit::default);
    let mut different = Vec::new();
    for first in (0..scene.rows).step_by(BATCH as usize) {
        if scene.stop.is_requested() {
            return Err(StoreError::database(Failure::Timeout, "interrupted"));
        }
        let batch = Batch::list(scene, &mut listing, first).await?;
        for (row, account) in batch.rows.iter().zip(&batch.accounts) {
            audit.writes.count(row.id, account, row.version);
        }
        audit.rows += batch.rows.len() as u64;
        if let (Some(cache), Some(found)) = (&cache, &mut audit.cache) {
            match batch.compare(&**cache, &mut found.at_end).await {
                Ok(more) => different.extend(more),
                Err(error) => (audit.cache, audit.unread) = (None, Some(error.to_string())),
            }
        }
    }
    if let (Some(cache), Some(found)) = (&cache, &mut audit.cache) {
        found.examples = different.iter().take(crate::measure::EXAMPLES).copied().collect();
        let ttls: Option<Vec<u64>> = different.iter().map(|difference| difference.ttl_ms).collect();
        found.longest_ttl_ms = ttls.and_then(|ttls| ttls.into_iter().max());
        if let Err(error) = recheck(scene, &**cache, &mut listing, &different, &mut found.rechecks).await {
            audit.unread = Some(error.to_string());
        }
    }
    Ok(audit)
}

/// Looks at entries that differed again, as often as the workload says.
async fn recheck(
    scene: &Scene<'_>,
    cache: &dyn Cache,
    listing: &mut Listing,
    different: &[Difference],
    rechecks: &mut Vec<Recheck>,
) -> Result<(), StoreError> {
    let mut waited = Duration::ZERO;
    for after in scene.workload.freshness.recheck.iter().map(|after| after.0) {
        if different.is_empty() || scene.stop.is_requested() {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(after.saturating_sub(waited)) => {}
            () = scene.stop.requested() => break,
        }
        waited = after;
        let mut found = Compared::default();
        for part in different.chunks(BATCH as usize) {
            let keys: Vec<Key> = part.iter().map(|it| scene.traffic.key(it.row)).collect();
            let stored = listing.of(&keys).await?;
            for ((entry, key), stored) in survey(cache, &keys).await?.into_iter().zip(&keys).zip(stored) {
                let none = Listed { id: key.id(), version: 0, checksum: 0 };
                let Listed { version, checksum, .. } = stored.unwrap_or(none);
                found.count(entry.map(|entry| (entry.version, entry.checksum)), (version, checksum));
            }
        }
        rechecks.push(Recheck { after_s: after.as_secs_f64(), found });
    }
    Ok(())
}

/// Some rows, as the database and the ledger have them.
struct Batch {
    rows: Vec<Listed>,
    accounts: Vec<Account>,
    keys: Vec<Key>,
}

impl Batch {
    /// The rows from `first` on that exist, existed, or have been written.
    async fn list(scene: &Scene<'_>, listing: &mut Listing, first: u64) -> Result<Batch, StoreError> {
        let end = scene.rows.min(first + BATCH);
        let mut stored = listing.rows(first, end).await?.into_iter().peekable();
        let mut batch = Batch { rows: Vec::new(), accounts: Vec::new(), keys: Vec::new() };
        for id in first..end {
            let listed = stored.next_if(|row| row.id == id);
            let account = scene.ledger.account(id);
            let written = account.is_some_and(|account| account.newest + account.indeterminate > 0);
            if listed.is_some() || written {
                batch.rows.push(listed.unwrap_or(Listed { id, version: 0, checksum: 0 }));
                // A row that nobody follows says nothing of writes.
                let unknown = Account { initial: listed.map_or(0, |row| row.version), ..Account::default() };
                batch.accounts.push(account.unwrap_or(unknown));
                batch.keys.push(scene.traffic.key(id));
            }
        }
        Ok(batch)
    }

    /// Compares them with their entries; answers those that differ.
    async fn compare(&self, cache: &dyn Cache, found: &mut Compared) -> Result<Vec<Difference>, StoreError> {
        if self.keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut different = Vec::new();
        for (entry, row) in survey(cache, &self.keys).await?.into_iter().zip(&self.rows) {
            let cached = entry.map(|Surveyed { version, checksum, .. }| (version, checksum));
            if found.count(cached, (row.version, row.checksum))
                && let Some(entry) = entry
            {
                different.push(Difference {
                    row: row.id,
                    cached_version: entry.version,
                    stored_version: row.version,
                    ttl_ms: entry.ttl_ms,
                });
            }
        }
        Ok(different)
    }
}
