use super::parts::{self, Stores};
use super::stage::Stage;
use crate::measure::StockAudit;
use crate::model::{Key, StockLevel, StoreError};

/// Rows that are looked at at once.
const BATCH: u64 = 1_000;

/// Holds what was sold against what both stores have left, once everything is in the database.
///
/// It has connections of its own, whose requests are in no count of ours: both sides' books are closed before.
///
/// # Errors
/// When a store does not answer.
pub async fn audit(stage: &Stage<'_>) -> Result<StockAudit, StoreError> {
    let Stage { assignment, traffic, sales, .. } = stage;
    let workload = assignment.workload;
    let Stores { cache, stock, .. } = parts::connect_apart(workload, &stage.urls).await?;
    let initial = workload.inventory.stock as i64;
    let mut audit = StockAudit::default();
    for first in (0..sales.rows()).step_by(BATCH as usize) {
        let rows = first..sales.rows().min(first + BATCH);
        let keys: Vec<Key> = rows.clone().map(|id| traffic.key(id).stock()).collect();
        let entries = cache.get_many(&keys).await?;
        for (row, level) in stock.levels(rows).await? {
            let raw = entries.get((row - first) as usize).and_then(Option::as_ref);
            audit.add(sales, row, initial, raw.and_then(|raw| StockLevel::decode(raw)), level);
        }
    }
    Ok(audit)
}
