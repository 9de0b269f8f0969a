use std::ops::Range;
use std::time::Duration;

use super::assignment::Assignment;
use super::parts;
use super::stage::Stage;
use crate::measure::{Account, Audit, CacheAudit, Compared, Difference, EXAMPLES, Recheck};
use crate::model::{Failure, Key, StoreError};
use crate::store::Cache;
use crate::store::postgres::{Listed, Listing};
use crate::store::scripts::{Surveyed, survey};

/// Rows looked at together.
const BATCH: u64 = 1_000;

/// Looks at every row below `rows` that may exist, in the database and, where `of_cache` says so, in the cache, once
/// the load has ended and all is drained.
///
/// # Errors
/// When the database does not answer. A cache that does not is told in the result.
pub async fn audit(stage: &Stage<'_>, rows: u64, of_cache: bool) -> Result<Audit, StoreError> {
    let Assignment { workload, stop, .. } = stage.assignment;
    let mut listing = Listing::open(&stage.urls.database).await?;
    let mut audit = Audit::default();
    let mut cache = None;
    if of_cache {
        match parts::connect_apart(workload, &stage.urls).await {
            Ok(stores) => cache = Some(stores.cache),
            Err(error) => audit.unread = Some(error.to_string()),
        }
    }
    audit.cache = cache.is_some().then(CacheAudit::default);
    let mut different = Vec::new();
    let entries: Vec<Key> =
        workload.templates().iter().flat_map(|template| workload.entries_of(template)).collect();
    for first in (0..rows).step_by(BATCH as usize) {
        if stop.is_requested() {
            return Err(StoreError::database(Failure::Timeout, "interrupted"));
        }
        let batch = Batch::list(stage, &mut listing, first..rows.min(first + BATCH)).await?;
        for (row, account) in batch.rows.iter().zip(&batch.accounts) {
            audit.writes.count(row.id, account, row.version);
        }
        audit.rows += batch.rows.len() as u64;
        if let (Some(cache), Some(found)) = (&cache, &mut audit.cache) {
            match batch.compare(&**cache, &entries, &mut found.at_end).await {
                Ok(more) => different.extend(more),
                Err(error) => (audit.cache, audit.unread) = (None, Some(error.to_string())),
            }
        }
    }
    if let (Some(cache), Some(found)) = (&cache, &mut audit.cache) {
        found.examples = different.iter().take(EXAMPLES).map(|(_, difference)| *difference).collect();
        let ttls: Option<Vec<u64>> = different.iter().map(|(_, difference)| difference.ttl_ms).collect();
        found.longest_ttl_ms = ttls.and_then(|ttls| ttls.into_iter().max());
        if let Err(error) = recheck(stage, &**cache, &mut listing, &different, &mut found.rechecks).await {
            audit.unread = Some(error.to_string());
        }
    }
    Ok(audit)
}

/// Looks at entries that differed again, as often as the workload says.
async fn recheck(
    stage: &Stage<'_>,
    cache: &dyn Cache,
    listing: &mut Listing,
    different: &[(Key, Difference)],
    rechecks: &mut Vec<Recheck>,
) -> Result<(), StoreError> {
    let Assignment { workload, stop, .. } = stage.assignment;
    let mut waited = Duration::ZERO;
    for after in workload.freshness.recheck.iter().map(|after| after.0) {
        if different.is_empty() || stop.is_requested() {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(after.saturating_sub(waited)) => {}
            () = stop.requested() => break,
        }
        waited = after;
        let mut found = Compared::default();
        for part in different.chunks(BATCH as usize) {
            let keys: Vec<Key> = part.iter().map(|(key, _)| *key).collect();
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
}

impl Batch {
    /// Those of the rows that exist, existed, or have been written.
    async fn list(stage: &Stage<'_>, listing: &mut Listing, rows: Range<u64>) -> Result<Batch, StoreError> {
        let mut stored = listing.rows(rows.start, rows.end).await?.into_iter().peekable();
        let mut batch = Batch { rows: Vec::new(), accounts: Vec::new() };
        for id in rows {
            let listed = stored.next_if(|row| row.id == id);
            let account = stage.ledger.account(id);
            let written = account.is_some_and(|account| account.newest + account.indeterminate > 0);
            if listed.is_some() || written {
                batch.rows.push(listed.unwrap_or(Listed { id, version: 0, checksum: 0 }));
                // A row that nobody follows says nothing of writes.
                let unknown = Account { initial: listed.map_or(0, |row| row.version), ..Account::default() };
                batch.accounts.push(account.unwrap_or(unknown));
            }
        }
        Ok(batch)
    }

    /// Compares them with their entries, given by those of row 0; answers those that differ.
    async fn compare(
        &self,
        cache: &dyn Cache,
        entries: &[Key],
        found: &mut Compared,
    ) -> Result<Vec<(Key, Difference)>, StoreError> {
        let mut different = Vec::new();
        if self.rows.is_empty() {
            return Ok(different);
        }
        for of_row_0 in entries {
            let keys: Vec<Key> = self.rows.iter().map(|row| of_row_0.with_id(row.id)).collect();
            for ((entry, row), key) in survey(cache, &keys).await?.into_iter().zip(&self.rows).zip(keys) {
                let cached = entry.map(|Surveyed { version, checksum, .. }| (version, checksum));
                if found.count(cached, (row.version, row.checksum))
                    && let Some(entry) = entry
                {
                    let (row, stored_version) = (row.id, row.version);
                    let (cached_version, ttl_ms) = (entry.version, entry.ttl_ms);
                    different.push((key, Difference { row, cached_version, stored_version, ttl_ms }));
                }
            }
        }
        Ok(different)
    }
}
