use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;

use crate::experiment::ExperimentError;
use crate::experiment::preload::Entries;
use crate::servers::MemoryProbe;
use crate::store::Cache;
use crate::traffic::Bijection;

/// Entries that are on their way at once over one connection: what a connection buffers grows with them.
const AT_ONCE: u64 = 2;

/// Puts entries into a cache over all connections that the instances have.
///
/// A connection that is in use has buffers, which the server counts; so those that the load will use are used here.
pub struct Churn<'a> {
    pub caches: Vec<Arc<dyn Cache>>,
    /// Connections of all of them.
    pub connections: u64,
    pub entries: Entries<'a>,
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
        let at_once = self.at_once().min(wanted.div_ceil(20));
        let (mut left, mut sum, mut readings) = (3 * wanted, 0, 0);
        while left > 0 {
            if Instant::now() >= until {
                return Ok(None);
            }
            let count = at_once.min(left);
            self.put(count).await;
            left -= count;
            if left < wanted {
                sum += probe.entries().await?;
                readings += 1;
            }
        }
        Ok(Some(sum as f64 / f64::from(readings)))
    }
}
