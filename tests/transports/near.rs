use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use cachebench::invalidation::{Consumer, Copies, Link};
use cachebench::measure::Events;
use cachebench::mitigation::Guards;
use cachebench::registry::Choice;
use cachebench::store::{DRIVERS, DriverParts, NearCache, NearOptions, Sharing, Tasks, Tracked};
use cachebench::strategy::{CacheCopies, Near, NearCopies, Parts, STRATEGIES, Strategy};
use serde_json::{Value as Json, json};

use super::{LIMIT, Postgres, Query, Site, Writer, alone, key};

const ROUNDS: u64 = 200;
const READERS: usize = 8;
const WRITES: u32 = 10;
/// The row that all want, and one that tells by its own event that those before have come.
const HOT: u64 = 1;
const MARKER: u64 = 2;

/// An instance with a near cache that listens, and somebody else who writes.
struct Scene {
    site: Site,
    writer: Writer,
    reader: Arc<Near>,
    near: Arc<NearCache>,
    cached: CacheCopies,
}

impl Scene {
    async fn set(name: &str, options: Json, checks: bool) -> Scene {
        let site = Site::with(name, options).await;
        let tracked = site.transport.tracks_reads().then(|| Tracked::new(site.link.tally.clone()));
        let sharing = Sharing::Shared { connections: 1, run: 1 };
        let (at, tally) = (site.redis.url().into(), Arc::default());
        let parts = DriverParts { at, sharing, tally, tracked: tracked.clone() };
        let cache = Choice::named("redis").build(DRIVERS, ()).unwrap().connect(parts).await.unwrap();
        let database =
            Postgres::connect(&site.postgres.url(), 8, Query::default(), Arc::default()).await.unwrap();
        let coherence = json!({ "coherence": { "compare-and-set": { "leave": "version" } } });
        let parts = Parts {
            cache,
            database: Arc::new(database),
            guards: Guards::none(None),
            leaves_misses: false,
            // Opens the race where an event takes longer than a load.
            fill_delay: Some(Duration::from_millis(2)),
            prefix: super::PREFIX.into(),
            instance: 0,
            tally: Arc::default(),
            ledger: Arc::default(),
            loads: Arc::default(),
            tasks: Tasks::default(),
        };
        let strategy =
            Choice { name: "cache-aside".into(), options: coherence }.build(STRATEGIES, parts).unwrap();
        let strategy: Arc<dyn Strategy> = strategy.into();
        let near = Arc::new(NearCache::new(NearOptions { entries: 100, ttl: None, checks }));
        let cached = || CacheCopies::new(strategy.clone(), vec![key(0)]);
        let mut copies: Vec<(usize, Arc<dyn Copies>)> = vec![(0, Arc::new(NearCopies::new(near.clone(), 0)))];
        if !site.transport.follows_cache() {
            copies.insert(0, (0, Arc::new(cached())));
        }
        let consumer = Consumer {
            // The same transport once more: it is nothing but its options.
            transport: Choice { name: name.into(), options: site.options.clone() }
                .build(cachebench::invalidation::TRANSPORTS, ())
                .unwrap()
                .into(),
            link: Link { tracked, services: 0, ..site.link.clone() },
            listening: alone(),
            copies,
            events: Arc::new(Events::default()),
            disturbance: Arc::default(),
            seed: 1,
        };
        consumer.start().await.unwrap();
        let (writer, cached) = (site.writer().await, cached());
        let reader = Arc::new(Near::new(strategy, near.clone()));
        Scene { site, writer, reader, near, cached }
    }

    async fn write(&self, row: u64) -> u64 {
        let event = self.writer.write(row).await;
        if self.site.transport.follows_cache() {
            self.cached.take_out(event).await.unwrap();
        }
        event.version.unwrap()
    }

    /// Readers and the writer at one row, until all is quiet; whether the near cache has an old row then.
    async fn round(&self) -> bool {
        let over = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = (0..READERS)
            .map(|_| {
                let (reader, over) = (self.reader.clone(), over.clone());
                tokio::spawn(async move {
                    while !over.load(Relaxed) {
                        reader.read(&key(HOT)).await;
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        let mut last = 0;
        for _ in 0..WRITES {
            last = self.write(HOT).await;
        }
        over.store(true, Relaxed);
        for reader in readers {
            reader.await.unwrap();
        }
        // Kept for certain at the second look: the first may have been told of its own fill.
        while self.near.get(&key(MARKER)).is_none() {
            self.reader.read(&key(MARKER)).await;
        }
        self.write(MARKER).await;
        let gone = async {
            while self.near.get(&key(MARKER)).is_some() {
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
        };
        tokio::time::timeout(LIMIT, gone).await.expect("the word of a write never came");
        self.near.get(&key(HOT)).is_some_and(|held| held.version < last)
    }

    async fn old_rounds(&self) -> u64 {
        let mut old = 0;
        for _ in 0..ROUNDS {
            old += u64::from(self.round().await);
        }
        old
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_near_cache_never_stays_old_where_it_checks_and_does_where_it_does_not() {
    let modes = ["default", "broadcast"].map(|mode| ("tracking", json!({ "mode": mode })));
    for (name, options) in modes.into_iter().chain([("stream", json!(null))]) {
        let checked = Scene::set(name, options.clone(), true).await.old_rounds().await;
        let unchecked = Scene::set(name, options.clone(), false).await.old_rounds().await;
        println!(
            "{name} {options}: old after {checked} of {ROUNDS} rounds, and after {unchecked} without the check"
        );
        assert_eq!(checked, 0, "{name} {options}");
        assert!(unchecked > 0, "{name} {options}: no race was lost, so nothing was shown");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nor_under_those_that_the_database_tells() {
    for name in ["outbox", "cdc", "notify"] {
        let old = Scene::set(name, json!(null), true).await.old_rounds().await;
        println!("{name}: old after {old} of {ROUNDS} rounds");
        assert_eq!(old, 0, "{name}");
    }
    let unchecked = Scene::set("notify", json!(null), false).await.old_rounds().await;
    println!("notify: old after {unchecked} of {ROUNDS} rounds without the check");
    assert!(unchecked > 0, "no race was lost, so nothing was shown");
}
