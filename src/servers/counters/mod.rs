//! Counters: what a server says it has done, against which a run checks its own books.

mod postgres;
mod redis;
mod rows;

pub use self::postgres::PostgresCounters;
pub use self::redis::RedisCounters;
pub use self::rows::rows_read;

use std::collections::BTreeMap;

/// Each count less its value in `before`; what did not grow is left out.
fn grown(after: &BTreeMap<String, u64>, before: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let growth = |name: &String, count: &u64| count.saturating_sub(before.get(name).copied().unwrap_or(0));
    after
        .iter()
        .map(|(name, count)| (name.clone(), growth(name, count)))
        .filter(|(_, more)| *more > 0)
        .collect()
}
