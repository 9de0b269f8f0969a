use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::{Metrics, Unit};
use crate::model::StockLevel;

/// Units of each row that decrements took as their callers know it: what the stores are held against at the end.
pub struct Sales(Box<[Row]>);

#[derive(Default)]
struct Row {
    /// Units of acknowledged decrements.
    sold: AtomicU64,
    /// Units of decrements that are under way, or whose effect nobody knows.
    open: AtomicU64,
}

impl Sales {
    /// Room for rows 0..`rows`; rows beyond have no stock.
    pub fn new(rows: u64) -> Sales {
        Sales((0..rows).map(|_| Row::default()).collect())
    }

    /// Notes a decrement before it is sent. What is never closed, or failed, stays open: it may have taken effect.
    pub fn begin(&self, row: u64, units: u32) {
        if let Some(row) = self.0.get(row as usize) {
            row.open.fetch_add(u64::from(units), Relaxed);
        }
    }

    /// Notes the answer to a decrement that was begun.
    pub fn close(&self, row: u64, units: u32, sold: bool) {
        if let Some(row) = self.0.get(row as usize) {
            row.open.fetch_sub(u64::from(units), Relaxed);
            row.sold.fetch_add(if sold { u64::from(units) } else { 0 }, Relaxed);
        }
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.0.len() as u64
    }
}

/// The stock at the end: what was sold held against what is left, row by row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StockAudit {
    /// Units acknowledged as sold.
    pub sold: u64,
    /// Units of decrements whose effect nobody knows.
    pub indeterminate: u64,
    /// Units left by the entries that are in the cache; nothing if there is none.
    pub left_cache: Option<i64>,
    pub left_database: i64,
    /// Units acknowledged as sold that the database still has.
    pub lost_updates: u64,
    /// Units acknowledged as sold beyond those that there were.
    pub oversold: u64,
    /// Units by which sold and left miss the initial ones, beyond what indeterminate decrements explain.
    pub unaccounted_cache: u64,
    pub unaccounted_database: u64,
    /// Rows below 0 in either store.
    pub negative: u64,
}

impl StockAudit {
    /// Adds a row that began with `initial` units.
    pub fn add(
        &mut self,
        sales: &Sales,
        row: u64,
        initial: i64,
        cache: Option<StockLevel>,
        database: StockLevel,
    ) {
        let Some(row) = sales.0.get(row as usize) else { return };
        let (sold, open) = (row.sold.load(Relaxed), row.open.load(Relaxed));
        self.sold += sold;
        self.indeterminate += open;
        let units = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let (sold, open) = (units(sold), units(open));
        let above = |value: i64| value.max(0).unsigned_abs();
        let missing = |left: i64| {
            let gap = sold.saturating_add(left).saturating_sub(initial);
            // Too few may be those that an unanswered decrement took.
            above(gap) + above(-gap - open)
        };
        self.left_database += database.units;
        self.lost_updates += above(sold.saturating_add(database.units).saturating_sub(initial));
        self.oversold += above(sold - initial);
        self.unaccounted_database += missing(database.units);
        if let Some(level) = cache {
            *self.left_cache.get_or_insert(0) += level.units;
            self.unaccounted_cache += missing(level.units);
        }
        self.negative += u64::from(database.units < 0 || cache.is_some_and(|level| level.units < 0));
    }

    /// Adds what was found to the metrics.
    pub fn tell(&self, metrics: &mut Metrics) {
        let mut put = |name: &str, value: f64| metrics.put(format!("stock.{name}"), value, Unit::Count);
        put("sold", self.sold as f64);
        put("indeterminate", self.indeterminate as f64);
        if let Some(left) = self.left_cache {
            put("left_cache", left as f64);
            put("unaccounted_cache", self.unaccounted_cache as f64);
        }
        put("left_database", self.left_database as f64);
        put("unaccounted_database", self.unaccounted_database as f64);
        put("lost_updates", self.lost_updates as f64);
        put("oversold", self.oversold as f64);
        put("negative", self.negative as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The audit of one row of ten units, of which `sold` were sold and `open` are in doubt.
    fn audit(sold: u32, open: u32, cache: Option<i64>, database: i64) -> StockAudit {
        let sales = Sales::new(1);
        for _ in 0..sold {
            sales.begin(0, 1);
            sales.close(0, 1, true);
        }
        sales.begin(0, open);
        sales.begin(0, 5);
        sales.close(0, 5, false);
        let level = |units| StockLevel { units, version: 3 };
        let mut audit = StockAudit::default();
        audit.add(&sales, 0, 10, cache.map(level), level(database));
        audit
    }

    #[test]
    fn what_was_sold_and_is_left_must_be_what_there_was() {
        let right = audit(4, 0, Some(6), 6);
        assert_eq!((right.sold, right.left_cache, right.left_database), (4, Some(6), 6));
        assert_eq!((right.lost_updates, right.oversold, right.unaccounted_cache), (0, 0, 0));
        let lost = audit(4, 0, Some(6), 8);
        assert_eq!((lost.lost_updates, lost.unaccounted_database, lost.unaccounted_cache), (2, 2, 0));
        let over = audit(12, 0, None, 0);
        assert_eq!((over.oversold, over.lost_updates, over.left_cache), (2, 2, None));
        assert_eq!(audit(4, 0, Some(-1), 6).negative, 1);
    }

    #[test]
    fn what_is_in_doubt_explains_too_few_units_and_never_too_many() {
        for left in 3..=6 {
            assert_eq!(audit(4, 3, Some(left), left).unaccounted_cache, 0, "{left}");
        }
        assert_eq!(audit(4, 3, Some(2), 2).unaccounted_cache, 1);
        assert_eq!(audit(4, 3, Some(7), 7).unaccounted_cache, 1);
        assert_eq!(audit(4, 3, Some(7), 7).indeterminate, 3);
    }
}
