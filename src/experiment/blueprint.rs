use std::sync::Arc;

use super::parts::{self, Stores, refused};
use super::servers::Urls;
use crate::config::Workload;
use crate::engine::{Factory, Instance, Service};
use crate::inventory::{self, INVENTORIES};
use crate::measure::{Ledger, Loads, Tally};
use crate::mitigation;
use crate::model::{Lifetimes, StoreError, unix_us};
use crate::store::{Background, NoopCache, Tasks};
use crate::strategy::{Entries, Parts, STRATEGIES};
use crate::traffic::{Replay, Traffic};

/// What every service instance of a cell is made from.
pub struct Blueprint {
    workload: Workload,
    urls: Urls,
    ledger: Arc<Ledger>,
    loads: Arc<Loads>,
    lifetimes: Lifetimes,
    /// Whether a recording has fills of its own, so that a miss makes none.
    leaves_misses: bool,
    /// Whether a recording tells the cache what to hold.
    tells_cache: bool,
}

impl Blueprint {
    pub fn new(
        workload: &Workload,
        traffic: &Traffic,
        urls: &Urls,
        ledger: &Arc<Ledger>,
        loads: &Arc<Loads>,
    ) -> Blueprint {
        let replay = traffic.replay();
        Blueprint {
            workload: workload.clone(),
            urls: urls.clone(),
            ledger: ledger.clone(),
            loads: loads.clone(),
            lifetimes: parts::lifetimes(workload, traffic),
            leaves_misses: replay.is_some_and(Replay::fills),
            tells_cache: replay.is_some_and(Replay::tells_cache),
        }
    }

    pub fn factory(self) -> Factory {
        let blueprint = Arc::new(self);
        Arc::new(move |instance| {
            let blueprint = blueprint.clone();
            Box::pin(async move { blueprint.connect(instance).await })
        })
    }

    /// Connects an instance: its own tally, its own connections, its own strategy.
    async fn connect(&self, instance: usize) -> Result<Instance, StoreError> {
        let workload = &self.workload;
        let (tally, tasks) = (Arc::new(Tally::default()), Tasks::default());
        let pool = workload.database_connections();
        let Stores { cache, database, stock } =
            parts::connect(workload, &self.urls, workload.sharing(), pool, &tally, &tasks).await?;
        let inventory = inventory::Parts {
            cache: cache.clone(),
            stock,
            prefix: workload.cache.prefix.clone(),
            instance,
            tally: tally.clone(),
            tasks: tasks.clone(),
        };
        let inventory = match workload.traffic.mix.decrement > 0.0 {
            true => Some(workload.inventory.persist.build(INVENTORIES, inventory).map_err(refused)?),
            false => None,
        };
        let guards = workload.mitigation.build(&mitigation::Parts {
            cache: cache.clone(),
            ttl: workload.cache.ttl.map(|ttl| ttl.0),
            prefix: workload.cache.prefix.clone(),
            seed: workload.data.seed,
            instance,
            tally: tally.clone(),
            tasks: tasks.clone(),
            background: Background::new(tasks.clone()),
            clock: unix_us,
        });
        let parts = Parts {
            cache,
            database,
            guards: guards.map_err(refused)?.over(self.lifetimes.clone()),
            leaves_misses: self.leaves_misses,
            fill_delay: workload.cache.fill_delay.map(|delay| delay.0),
            prefix: workload.cache.prefix.clone(),
            instance,
            tally: tally.clone(),
            ledger: self.ledger.clone(),
            loads: self.loads.clone(),
            tasks: tasks.clone(),
        };
        let strategy = workload.strategy.build(STRATEGIES, parts.clone()).map_err(refused)?;
        let entries = self.tells_cache.then(|| match strategy.conduct().caches {
            true => Entries::new(&parts),
            // There is nothing to take out.
            false => Entries::new(&Parts { cache: Arc::new(NoopCache), ..parts }),
        });
        Ok(Instance { service: Arc::new(Service { strategy, inventory, entries }), tally, tasks })
    }
}
