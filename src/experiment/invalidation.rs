use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::ExperimentError;
use super::servers::Servers;
use super::urls::Urls;
use crate::config::Workload;
use crate::engine::Stop;
use crate::invalidation::{Disturbance, Guarantee, Link, Transport};
use crate::measure::{ConsumerRecord, Coverage, Events, Ledger, Level, Metrics, Tally, TallyCounts, Unit};
use crate::model::{Moment, StoreError};
use crate::store::{NearCache, Tasks};

impl Servers {
    /// Takes off the servers what carried the events of the last cell; says why that could not be done.
    pub fn take_off_events(&mut self) -> Option<String> {
        let invalidation = self.events.take()?;
        let done =
            self.runtime.block_on(async { tokio::time::timeout(CLEANING, invalidation.clean_up()).await });
        let problem = match done {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("not done after {} s", CLEANING.as_secs()),
        };
        Some(format!("what carried events could not be taken off the servers: {problem}"))
    }
}

/// How long it may take to take what carried events off the servers.
const CLEANING: Duration = Duration::from_secs(5);
/// How often to look whether events are still coming.
const LOOK: Duration = Duration::from_millis(10);
/// Where nothing is promised, none comes any more after this long without one.
const QUIET: Duration = Duration::from_millis(500);
/// Where it is, after this long: a dead consumer's events are handed to another by then.
const PROMISED: Duration = Duration::from_secs(10);

/// How the word of writes goes round in a cell: what carries it, and what becomes of it.
#[derive(Clone)]
pub struct Invalidation {
    pub transport: Arc<dyn Transport>,
    pub events: Arc<Events>,
    /// Of the way to each instance that has clients.
    pub disturbances: Arc<[Arc<Disturbance>]>,
    /// The near cache of each such instance, as it is now.
    nears: Arc<Mutex<Vec<Option<Arc<NearCache>>>>>,
    urls: Urls,
    prefix: String,
    services: usize,
    coverage: Coverage,
    /// The longest that a fault delays events.
    delay: Duration,
}

impl Invalidation {
    pub fn new(workload: &Workload, urls: &Urls) -> Result<Invalidation, ExperimentError> {
        let transport: Arc<dyn Transport> = workload.transport()?.into();
        let readers = workload.readers();
        let is_whole = !transport.follows_cache();
        let cache_ttl = workload.cache.ttl.map(|ttl| ttl.0);
        let near_ttl = workload.app.near.and_then(|near| near.ttl).map(|ttl| ttl.0);
        let nears = if workload.app.near.is_some() { readers } else { 0 };
        Ok(Invalidation {
            transport,
            events: Arc::new(Events::new(workload.app.services, nears)),
            disturbances: (0..readers).map(|_| Arc::default()).collect(),
            nears: Arc::new(Mutex::new(vec![None; readers])),
            urls: urls.clone(),
            prefix: workload.cache.prefix.clone(),
            services: workload.app.services,
            coverage: Coverage { is_whole, cache_ttl, near_ttl },
            delay: workload.longest_delay_of_events(),
        })
    }

    /// Whether anything is carried.
    pub fn carries(&self) -> bool {
        self.events.is_followed() && self.transport.guarantee() != Guarantee::Nothing
    }

    /// What an instance connects with.
    pub fn link(&self, tally: &Arc<Tally>, tasks: &Tasks) -> Link {
        Link {
            cache: self.urls.cache.entrance(),
            database: self.urls.database.clone(),
            prefix: self.prefix.clone(),
            services: self.services,
            tally: tally.clone(),
            tasks: tasks.clone(),
            tracked: None,
        }
    }

    /// The link of nobody's, whose requests are not counted.
    fn link_apart(&self) -> Link {
        self.link(&Arc::default(), &Tasks::none())
    }

    /// Makes what has to be there before anybody writes or listens.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        match self.carries() {
            true => self.transport.prepare(&self.link_apart()).await,
            false => Ok(()),
        }
    }

    /// Takes off the servers what would go on to cost something.
    pub async fn clean_up(&self) -> Result<(), StoreError> {
        match self.carries() {
            true => self.transport.clean_up(&self.link_apart()).await,
            false => Ok(()),
        }
    }

    /// Returns once every event has come that will: all of them where that is promised, unless it takes too long; else when none
    /// has come for a while.
    pub fn wait_until_quiet(&self, stop: &Stop) {
        if !self.carries() {
            return;
        }
        let patience = match self.transport.guarantee() {
            Guarantee::AtLeastOnce => PROMISED,
            Guarantee::AtMostOnce | Guarantee::Nothing => QUIET,
        } + self.delay;
        let (mut before, mut since) = (self.events.progress(), Instant::now());
        while before.open > 0 && since.elapsed() < patience && !stop.is_requested() {
            std::thread::sleep(LOOK);
            let now = self.events.progress();
            if now != before {
                (before, since) = (now, Instant::now());
            }
        }
    }

    /// An instance has a near cache, in the place of the one that it had before a crash.
    pub fn has_near(&self, instance: usize, near: Arc<NearCache>) {
        let mut nears = self.nears.lock().unwrap_or_else(PoisonError::into_inner);
        let replaced = nears.get_mut(instance).and_then(|place| place.replace(near));
        if let (Some(_), Some(place)) = (replaced, self.events.place(Level::Near, instance)) {
            // What the one before held went with it.
            self.events.flushed(place);
        }
    }

    /// Tells what became of the events since `start`, and what the near caches hold; answers the record of each consumer.
    pub fn tell(
        &self,
        metrics: &mut Metrics,
        sent: &TallyCounts,
        start: Moment,
        ledger: &Ledger,
    ) -> Vec<ConsumerRecord> {
        let summary = self.events.summary_from(self.coverage, start, Moment::now());
        summary.tell(metrics, sent);
        let nears = self.nears.lock().unwrap_or_else(PoisonError::into_inner);
        let nears: Vec<_> = nears.iter().flatten().collect();
        if !nears.is_empty() {
            let (mut entries, mut divergent, mut turned_away) = (0, 0, 0);
            for near in nears {
                let versions = near.versions();
                entries += versions.len();
                divergent += versions.iter().filter(|(row, version)| *version < ledger.newest(*row)).count();
                turned_away += near.turned_away();
            }
            metrics.put("near.entries", entries as f64, Unit::Count);
            metrics.put("near.divergent", divergent as f64, Unit::Count);
            metrics.put("near.turned_away", turned_away as f64, Unit::Count);
        }
        summary.consumers
    }
}
