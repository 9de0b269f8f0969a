use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;

use crate::experiment::ExperimentError;
use crate::experiment::preload::SeededEntries;
use crate::servers::MemoryProbe;
use crate::store::Cache;
use crate::traffic::Bijection;

/// Entries that are on their way at once over one connection: what a connection buffers grows with them.
const AT_ONCE: u64 = 2;
/// Where many are wanted, one in so many is on its way at once, and no more than this: buffers are little beside the
/// entries then.
const SHARE_AT_ONCE: u64 = 500;
const MOST_AT_ONCE: u64 = 4_096;
/// So often, about, the entries are counted in the last third.
const READINGS: u64 = 50;

/// Puts entries into a cache over all connections that the instances have.
///
/// A connection that is in use has buffers, which the server counts; so those that the load will use are used here.
pub struct Churn<'a> {
    pub caches: Vec<Arc<dyn Cache>>,
    /// Connections of all of them.
    pub connections: u64,
    pub entries: SeededEntries<'a>,
    /// The order in which rows come.
    pub order: Bijection,
    pub rows: u64,
    /// Entries put in so far.
    pub put: u64,
}

impl Churn<'_> {
    /// Entries that are on their way at once.
    pub fn at_once(&self) -> u64 {
        (AT_ONCE * self.connections).max(1)
    }

    /// Puts in as many entries, those of rows that were not put in for longest.
    pub async fn put(&mut self, count: u64) {
        let entries: Vec<_> = (self.put..self.put + count)
            .map(|number| self.entries.of(self.order.apply(number % self.rows)))
            .collect();
        let caches = self.caches.iter().cycle();
        let sets =
            entries.iter().zip(caches).map(|((key, raw, ttl), cache)| cache.set(key, raw.clone(), *ttl));
        // A limit that is too small for the buffers alone refuses entries, and is found to hold none.
        drop(join_all(sets).await);
        self.put += count;
    }

    /// Puts in three times as many entries as wanted; the mean number that was held in the last third of that, or
    /// nothing once the time is up.
    pub async fn hold(
        &mut self,
        wanted: u64,
        probe: &mut MemoryProbe,
        until: Instant,
    ) -> Result<Option<f64>, ExperimentError> {
        let at_once = at_once(self.at_once(), wanted);
        let (mut left, mut sum, mut readings) = (3 * wanted, 0, 0);
        let (gap, mut next) = (wanted.div_ceil(READINGS), wanted.saturating_sub(1));
        while left > 0 {
            if Instant::now() >= until {
                return Ok(None);
            }
            let count = at_once.min(left);
            self.put(count).await;
            left -= count;
            // The last of them comes when none is left, so there is one.
            if left <= next {
                sum += probe.entries().await?;
                readings += 1;
                next = left.saturating_sub(gap);
            }
        }
        Ok(Some(sum as f64 / f64::from(readings)))
    }
}

/// Entries that are on their way at once where so many are wanted in all: `few`, unless they are a small part of those.
fn at_once(few: u64, wanted: u64) -> u64 {
    (wanted / SHARE_AT_ONCE).min(MOST_AT_ONCE).max(few).min(wanted.div_ceil(20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_entries_are_on_their_way_at_once_only_where_they_are_few_among_those_wanted() {
        let wanted = [1, 100, 2_000, 4_000, 200_000, 100_000_000];
        assert_eq!(wanted.map(|wanted| at_once(8, wanted)), [1, 5, 8, 8, 400, 4_096]);
    }
}
