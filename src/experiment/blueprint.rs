use std::sync::Arc;

use super::invalidation::Invalidation;
use super::parts::{self, Stores, Wiring, refused};
use super::urls::Urls;
use crate::config::Workload;
use crate::engine::{Factory, Instance, Service};
use crate::invalidation::{Consumer, Copies, Link, Listening};
use crate::inventory::{self, INVENTORIES};
use crate::measure::{Ledger, Level, Loads, Tally};
use crate::mitigation::{self, Guards};
use crate::model::{Key, Lifetimes, StoreError};
use crate::registry::Choice;
use crate::store::postgres::InCommit;
use crate::store::{Background, Cache, NearCache, NoopCache, Tasks, Tracked};
use crate::strategy::{
    CacheCopies, Entries, Listed, Near, NearCopies, Parts, Publishing, Renamed, STRATEGIES, Strategy, Word,
};
use crate::traffic::{Replay, Traffic};

/// What every service instance of a cell is made from.
pub struct Blueprint {
    workload: Workload,
    urls: Urls,
    ledger: Arc<Ledger>,
    loads: Arc<Loads>,
    invalidation: Invalidation,
    /// What the names of each service begin with.
    templates: Vec<Key>,
    /// Entries of a row beside its own that go when it is written.
    variants: u8,
    lifetimes: Lifetimes,
    /// Whether a recording has fills of its own, so that a miss makes none.
    leaves_misses: bool,
    /// Whether a recording tells the cache what to hold.
    tells_cache: bool,
}

/// What an instance has of its own.
struct Own {
    number: usize,
    tally: Arc<Tally>,
    tasks: Tasks,
    /// In front of the names that its service puts into the cache.
    prefix: String,
}

impl Own {
    /// The same instance, under the names of a service.
    fn under(&self, template: &Key) -> Own {
        let prefix = String::from_utf8_lossy(template.name()).into_owned();
        Own { number: self.number, tally: self.tally.clone(), tasks: self.tasks.clone(), prefix }
    }
}

/// The copies that an instance takes care of, each with its place among the consumers that are followed.
type Kept = Vec<(usize, Arc<dyn Copies>)>;

impl Blueprint {
    pub fn new(
        workload: &Workload,
        traffic: &Traffic,
        urls: &Urls,
        (ledger, loads): (&Arc<Ledger>, &Arc<Loads>),
        invalidation: &Invalidation,
    ) -> Blueprint {
        let replay = traffic.replay();
        Blueprint {
            workload: workload.clone(),
            urls: urls.clone(),
            ledger: ledger.clone(),
            loads: loads.clone(),
            invalidation: invalidation.clone(),
            templates: workload.templates(),
            variants: workload.taken_along(),
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
    async fn connect(&self, number: usize) -> Result<Instance, StoreError> {
        let service = number / self.workload.app.instances;
        let prefix = self.workload.cache.prefix.clone();
        let own = Own { number, tally: Arc::default(), tasks: Tasks::default(), prefix };
        let service = match self.templates.get(service).filter(|_| number < self.workload.readers()) {
            Some(template) => self.reader(&own.under(template), service).await?,
            None => self.writer(&own).await?,
        };
        Ok(Instance { service: Arc::new(service), tally: own.tally, tasks: own.tasks })
    }

    /// An instance that has clients: it reads and, where no other service does, writes.
    async fn reader(&self, own: &Own, service: usize) -> Result<Service, StoreError> {
        let workload = &self.workload;
        let wiring = Wiring {
            in_commit: if workload.is_divided() { InCommit::Nothing } else { self.in_commit() },
            tracked: self.tracked(own),
            ..Wiring::plain(workload.sharing(), workload.database_connections())
        };
        let tracked = wiring.tracked.clone();
        let Stores { cache, database, stock } =
            parts::connect(workload, &self.urls, wiring, &own.tally, &own.tasks).await?;
        let inventory = inventory::Parts {
            cache: cache.clone(),
            stock,
            prefix: workload.cache.prefix.clone(),
            instance: own.number,
            tally: own.tally.clone(),
            tasks: own.tasks.clone(),
        };
        let inventory = match workload.traffic.mix.decrement > 0.0 {
            true => Some(workload.inventory.persist.build(INVENTORIES, inventory).map_err(refused)?),
            false => None,
        };
        let parts = Parts { database, ..self.parts(own, cache)? };
        let strategy: Arc<dyn Strategy> =
            workload.strategy.build(STRATEGIES, parts.clone()).map_err(refused)?.into();
        let entries = self.tells_cache.then(|| match strategy.conduct().caches {
            true => Entries::new(&parts),
            // There is nothing to take out.
            false => Entries::new(&Parts { cache: Arc::new(NoopCache), ..parts.clone() }),
        });
        let strategy = self.beside_lists(strategy, parts);
        let strategy = self.among_others(own, (service, tracked), strategy).await?;
        Ok(Service { strategy, inventory, entries })
    }

    /// A strategy beside the lists that rows are cached in too, where they are.
    fn beside_lists(&self, strategy: Arc<dyn Strategy>, parts: Parts) -> Arc<dyn Strategy> {
        match self.workload.lists() {
            Some(lists) if strategy.conduct().caches => Arc::new(Listed::new(strategy, parts, lists)),
            _ => strategy,
        }
    }

    /// A strategy that hears of the writes of others, and tells them of its own.
    async fn among_others(
        &self,
        own: &Own,
        (service, tracked): (usize, Option<Arc<Tracked>>),
        mut strategy: Arc<dyn Strategy>,
    ) -> Result<Arc<dyn Strategy>, StoreError> {
        let (workload, events) = (&self.workload, &self.invalidation.events);
        let near = workload.app.near.map(|near| Arc::new(NearCache::new(near.options())));
        let place = |level, number| events.place(level, number).unwrap_or(usize::MAX);
        let near_copies = || -> Kept {
            let copies = |near: &Arc<NearCache>| -> Arc<dyn Copies> {
                Arc::new(NearCopies::new(near.clone(), self.variants))
            };
            near.iter().map(|near| (place(Level::Near, own.number), copies(near))).collect()
        };
        let mut shared: Kept = Vec::new();
        if workload.is_divided() {
            let template = self.templates[service];
            let copies = CacheCopies::new(strategy.clone(), self.taken_out(&template));
            shared.push((place(Level::Cache, service), Arc::new(copies)));
            strategy = Arc::new(Renamed::new(strategy, template));
        } else if near.is_some() || self.variants > 0 {
            let mut reached = near_copies();
            // The strategy itself takes out the row's own entry.
            let others = self.taken_out(&self.templates[service]).split_off(1);
            if !others.is_empty() {
                reached.insert(0, (usize::MAX, Arc::new(CacheCopies::new(strategy.clone(), others))));
            }
            let word = self.word(own, reached).await?;
            strategy = Arc::new(Publishing::new(strategy, word));
        }
        let link = Link { tracked, ..self.invalidation.link(&own.tally, &own.tasks) };
        self.listen(own, (service, link), shared, near_copies()).await?;
        if let Some(near) = near {
            self.invalidation.has_near(own.number, near.clone());
            strategy = Arc::new(Near::new(strategy, near));
        }
        Ok(strategy)
    }

    /// Starts to hear events for the copies of an instance.
    async fn listen(
        &self,
        own: &Own,
        (service, link): (usize, Link),
        shared: Kept,
        near: Kept,
    ) -> Result<(), StoreError> {
        let transport = &self.invalidation.transport;
        if !self.invalidation.carries() {
            return Ok(());
        }
        let consumer = |shared: bool, copies: Kept| Consumer {
            transport: transport.clone(),
            link: link.clone(),
            listening: Listening { service, instance: own.number, shared, from: None },
            copies,
            events: self.invalidation.events.clone(),
            disturbance: self.invalidation.disturbances[own.number].clone(),
            // Each decides for itself which of its events are disturbed.
            seed: self.workload.data.seed ^ ((own.number as u64) << 1) ^ u64::from(shared),
        };
        // A transport that follows the cache tells of entries that are gone from there.
        let shared = if transport.follows_cache() { Vec::new() } else { shared };
        let parts = match transport.shares_out() {
            true => vec![consumer(true, shared), consumer(false, near)],
            false => vec![consumer(false, shared.into_iter().chain(near).collect())],
        };
        for consumer in parts.into_iter().filter(|consumer| !consumer.copies.is_empty()) {
            consumer.start().await?;
        }
        Ok(())
    }

    /// An instance of the service that only writes.
    async fn writer(&self, own: &Own) -> Result<Service, StoreError> {
        let workload = &self.workload;
        let wiring = Wiring {
            in_commit: self.in_commit(),
            ..Wiring::plain(workload.sharing(), workload.database_connections())
        };
        let database = parts::database(workload, &self.urls, &wiring, &own.tally).await?;
        let parts = Parts { database, ..self.parts(own, Arc::new(NoopCache))? };
        let strategy = Choice::named("direct").build(STRATEGIES, parts).map_err(refused)?.into();
        let mut reached: Kept = Vec::new();
        if self.invalidation.transport.follows_cache() {
            let cache = parts::cache(workload, &self.urls.cache, &wiring, &own.tally, &own.tasks).await?;
            for (service, template) in self.templates.iter().enumerate() {
                let parts = self.parts(&own.under(template), cache.clone())?;
                let theirs = workload.strategy.build(STRATEGIES, parts.clone()).map_err(refused)?;
                let theirs = self.beside_lists(theirs.into(), parts);
                let copies = CacheCopies::new(theirs, self.taken_out(template));
                let place = self.invalidation.events.place(Level::Cache, service);
                reached.extend(place.map(|place| (place, Arc::new(copies) as Arc<dyn Copies>)));
            }
        }
        let word = self.word(own, reached).await?;
        let strategy = Arc::new(Publishing::new(strategy, word));
        Ok(Service { strategy, inventory: None, entries: None })
    }

    /// How an instance tells of its writes; the first that does runs what carries events on, too.
    async fn word(&self, own: &Own, reached: Kept) -> Result<Word, StoreError> {
        let transport = &self.invalidation.transport;
        let link = self.invalidation.link(&own.tally, &own.tasks);
        let first = if self.workload.is_divided() { self.workload.readers() } else { 0 };
        let relay = transport.relay(&link).filter(|_| self.invalidation.carries() && own.number == first);
        if let Some(relay) = relay {
            own.tasks.spawn(relay);
        }
        let publisher = transport.publisher(&link).await?;
        Ok(Word { publisher, events: self.invalidation.events.clone(), reached })
    }

    /// The entries of row 0 of a service that go when it is written.
    fn taken_out(&self, template: &Key) -> Vec<Key> {
        let mut entries = self.workload.asked_by(template);
        entries.truncate(1 + usize::from(self.variants));
        entries
    }

    /// Who is told of what the instance has read, where the transport does so for its near cache.
    fn tracked(&self, own: &Own) -> Option<Arc<Tracked>> {
        let tracks = self.invalidation.carries() && self.invalidation.transport.tracks_reads();
        tracks.then(|| Tracked::new(own.tally.clone()))
    }

    fn in_commit(&self) -> InCommit {
        match self.invalidation.carries() {
            true => self.invalidation.transport.in_commit(),
            false => InCommit::Nothing,
        }
    }

    /// What a strategy of an instance is built from, but for the database.
    fn parts(&self, own: &Own, cache: Arc<dyn Cache>) -> Result<Parts, StoreError> {
        Ok(Parts {
            cache: cache.clone(),
            guards: self.guards(own, cache)?,
            leaves_misses: self.leaves_misses,
            fill_delay: self.workload.cache.fill_delay.map(|delay| delay.0),
            prefix: own.prefix.clone(),
            instance: own.number,
            tally: own.tally.clone(),
            ledger: self.ledger.clone(),
            loads: self.loads.clone(),
            tasks: own.tasks.clone(),
            ..Parts::noop(Guards::none(None))
        })
    }

    fn guards(&self, own: &Own, cache: Arc<dyn Cache>) -> Result<Guards, StoreError> {
        let workload = &self.workload;
        let guards = workload.mitigation.build(&mitigation::Parts {
            cache,
            ttl: workload.cache.ttl.map(|ttl| ttl.0),
            prefix: own.prefix.clone(),
            seed: workload.data.seed,
            instance: own.number,
            tally: own.tally.clone(),
            tasks: own.tasks.clone(),
            background: Background::new(own.tasks.clone()),
            clock: self.urls.clock(),
        });
        Ok(guards.map_err(refused)?.over(self.lifetimes.clone()))
    }
}
