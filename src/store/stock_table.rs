use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{MutexGuard, PoisonError};

use super::memory::MemoryDatabase;
use super::{Answer, Stock};
use crate::measure::QueryClass;
use crate::model::{Failure, Intent, Key, StockLevel, StoreError};

/// The stock of a database in memory.
#[derive(Default)]
pub struct StockTable {
    levels: BTreeMap<u64, StockLevel>,
    /// The last intent taken from each outbox.
    positions: HashMap<String, u64>,
}

impl StockTable {
    fn take(&mut self, row: u64, change: impl FnOnce(i64) -> i64) {
        if let Some(level) = self.levels.get_mut(&row) {
            *level = StockLevel { units: change(level.units), version: level.version + 1 };
        }
    }
}

impl MemoryDatabase {
    /// Fills the stock of rows 0..`rows` with `units` each at version 0, and forgets every outbox.
    pub fn fill_stock(&self, rows: u64, units: i64) {
        let levels = (0..rows).map(|row| (row, StockLevel { units, version: 0 })).collect();
        *self.table() = StockTable { levels, positions: HashMap::new() };
    }

    fn table(&self) -> MutexGuard<'_, StockTable> {
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stock for MemoryDatabase {
    fn set_level<'a>(&'a self, key: &'a Key, units: u64) -> Answer<'a, ()> {
        Box::pin(async move {
            let _active = self.tally.query(QueryClass::Write);
            if let Some(level) = self.table().levels.get_mut(&key.id()) {
                level.units = units as i64;
            }
            Ok(())
        })
    }

    fn set_level_if_newer<'a>(&'a self, key: &'a Key, level: StockLevel) -> Answer<'a, ()> {
        Box::pin(async move {
            let _active = self.tally.query(QueryClass::Write);
            if let Some(old) = self.table().levels.get_mut(&key.id())
                && old.version < level.version
            {
                *old = level;
            }
            Ok(())
        })
    }

    fn decrement<'a>(&'a self, key: &'a Key, units: u32) -> Answer<'a, Option<u64>> {
        Box::pin(async move {
            let _active = self.tally.query(QueryClass::Write);
            let mut table = self.table();
            let old = table.levels.get(&key.id()).map_or(0, |level| level.units);
            let left = old - i64::from(units);
            if left < 0 {
                return Ok(None);
            }
            table.take(key.id(), |_| left);
            Ok(Some(left as u64))
        })
    }

    fn open_outbox<'a>(&'a self, outbox: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let _active = self.tally.query(QueryClass::Flush);
            self.table().positions.entry(outbox.into()).or_default();
            Ok(())
        })
    }

    fn apply<'a>(&'a self, outbox: &'a str, intents: &'a [Intent]) -> Answer<'a, ()> {
        Box::pin(async move {
            let Some(last) = intents.iter().map(|intent| intent.seq).max() else { return Ok(()) };
            let _active = self.tally.query(QueryClass::Flush);
            let mut table = self.table();
            let Some(position) = table.positions.get(outbox).copied() else {
                let text = format!("the database does not know the outbox {outbox}");
                return Err(StoreError::database(Failure::Refused, text));
            };
            // By row first: a level changes once, as in one statement.
            let mut sold: BTreeMap<u64, i64> = BTreeMap::new();
            for intent in intents.iter().filter(|intent| intent.seq > position) {
                *sold.entry(intent.row).or_default() += i64::from(intent.units);
            }
            for (row, units) in sold {
                table.take(row, |level| (level - units).max(0));
            }
            table.positions.insert(outbox.into(), position.max(last));
            Ok(())
        })
    }

    fn levels(&self, rows: Range<u64>) -> Answer<'_, Vec<(u64, StockLevel)>> {
        let _active = self.tally.query(QueryClass::Load);
        let levels = self.table().levels.range(rows).map(|(&row, &level)| (row, level)).collect();
        Box::pin(std::future::ready(Ok(levels)))
    }
}
