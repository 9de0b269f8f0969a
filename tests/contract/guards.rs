use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cachebench::measure::QueryClass;
use cachebench::mitigation::{Parts, Stack};
use cachebench::model::{Failure, Key, Kind, Outcome, Payload, Served, StoreError, UnixClock, Value};
use cachebench::store::{Answer, Background, Cache, Database};
use cachebench::strategy::{self, STRATEGIES};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::{Instance, World, aside, key, operation, paused_us, rest, write};

const TTL: Duration = Duration::from_secs(60);
const LOAD: Duration = Duration::from_secs(1);

impl World {
    /// Rows whose loads take [`LOAD`] until they are in the cache.
    async fn slow() -> World {
        World { ttl: Some(TTL), fill_delay: Some(LOAD), ..World::with_rows([1]).await }
    }

    /// Cache-aside with a coherence and guards, both given as in a workload.
    fn guarded(&self, number: usize, coherence: &str, guards: &str) -> Instance {
        self.guarded_parts(self.parts(number), coherence, guards)
    }

    fn guarded_parts(&self, mut parts: strategy::Parts, coherence: &str, guards: &str) -> Instance {
        let of_guards = Parts {
            cache: parts.cache.clone(),
            prefix: parts.prefix.clone(),
            instance: parts.instance,
            tally: parts.tally.clone(),
            tasks: parts.tasks.clone(),
            background: Background::new(parts.tasks.clone()),
            clock: UnixClock::told_by(paused_us),
            ..Parts::noop(self.ttl)
        };
        parts.guards = serde_json::from_str::<Stack>(guards).unwrap().build(&of_guards).unwrap();
        let (tally, tasks) = (parts.tally.clone(), parts.tasks.clone());
        Instance { strategy: aside(coherence).build(STRATEGIES, parts).unwrap(), tally, tasks }
    }

    /// Puts an entry of row 1 that is fresh for so many microseconds more, and whose load took an hour.
    async fn enter(&self, fresh_us: i64) {
        let expires_at_us = paused_us().checked_add_signed(fresh_us).unwrap();
        let payload = write(1, "entered").payload;
        let (checksum, body) = (payload.checksum, payload.body);
        let value = Value {
            version: 1,
            checksum,
            load_cost_us: 3_600_000_000,
            expires_at_us,
            body,
            ..Value::default()
        };
        self.cache.share(Default::default()).set(&key(1), value.encode(), None).await.unwrap();
    }
}

impl Instance {
    async fn served(&self, id: u64) -> (Served, Option<Value>) {
        match self.read(id).await {
            Outcome::Read { served, value } => (served, value),
            other => panic!("{other:?}"),
        }
    }

    fn loads(&self) -> u64 {
        self.tally.counts().query(QueryClass::Load)
    }
}

/// A database that cannot be reached.
struct Gone;

impl Gone {
    fn unavailable<'a, T: Send + 'a>(&'a self) -> Answer<'a, T> {
        Box::pin(std::future::ready(Err(StoreError::database(Failure::Unavailable, "as ordered"))))
    }
}

impl Database for Gone {
    fn load<'a>(&'a self, _: &'a Key) -> Answer<'a, Option<Value>> {
        self.unavailable()
    }

    fn load_many<'a>(&'a self, _: &'a [Key]) -> Answer<'a, Vec<Option<Value>>> {
        self.unavailable()
    }

    fn version<'a>(&'a self, _: &'a Key) -> Answer<'a, Option<u64>> {
        self.unavailable()
    }

    fn update<'a>(&'a self, _: &'a Key, _: &'a Payload) -> Answer<'a, Option<u64>> {
        self.unavailable()
    }

    fn insert<'a>(&'a self, _: &'a Key, _: &'a Payload) -> Answer<'a, u64> {
        self.unavailable()
    }

    fn delete<'a>(&'a self, _: &'a Key) -> Answer<'a, Option<u64>> {
        self.unavailable()
    }

    fn store<'a>(&'a self, _: QueryClass, _: &'a [(Key, Value)]) -> Answer<'a, ()> {
        self.unavailable()
    }

    fn client(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_that_fails_leaves_the_entry_to_its_readers_as_long_as_it_may_be_served() {
    let past_hard_limit = -10_000_001;
    for (guards, fresh_us, served) in [
        (r#""xfetch""#, 1_000_000, true),
        (r#"["threshold", "single-flight"]"#, 1_000_000, true),
        (r#""stale-while-revalidate""#, -1, true),
        (r#""stale-while-revalidate""#, past_hard_limit, false),
        (r#"{"stale-while-revalidate": {"stale_if_error": "5s"}}"#, past_hard_limit, true),
    ] {
        let world = World::slow().await;
        world.enter(fresh_us).await;
        let parts = strategy::Parts { database: Arc::new(Gone), ..world.parts(0) };
        let instance = world.guarded_parts(parts, r#""delete""#, guards);
        for _ in 0..3 {
            match instance.read(1).await {
                Outcome::Read { served: Served::Hit, value: Some(value) } if served => {
                    assert_eq!(value.body, "entered", "{guards}");
                }
                Outcome::Failed(Failure::Unavailable) if !served => {}
                other => panic!("{guards} at {fresh_us} answered {other:?}"),
            }
            instance.strategy.drain().await.unwrap();
        }
        assert_eq!(world.entry(1).await.unwrap().body, "entered", "{guards}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_finds_a_stale_entry_never_waits() {
    for (options, loads) in [("{}", 1), (r#"{"guard": "none"}"#, 9)] {
        let world = World::slow().await;
        world.enter(-1).await;
        let guards = format!(r#"{{"stale-while-revalidate": {options}}}"#);
        let instances = [0, 1].map(|number| world.guarded(number, r#""delete""#, &guards));
        let began = Instant::now();
        for instance in &instances {
            for _ in 0..9 {
                let (served, value) = instance.served(1).await;
                assert_eq!((served, value.unwrap().body), (Served::Hit, Bytes::from("entered")));
            }
            instance.strategy.drain().await.unwrap();
            assert_eq!(instance.loads(), loads, "{options}");
            // For the other instance it has expired again.
            world.enter(-1).await;
        }
        assert_eq!(began.elapsed(), 2 * LOAD);
        instances[0].served(1).await;
        instances[0].strategy.drain().await.unwrap();
        let entry = world.entry(1).await.unwrap();
        assert!(entry.body == "seeded 1" && entry.expires_at_us > paused_us());
    }
}

#[tokio::test(start_paused = true)]
async fn past_the_hard_limit_a_caller_waits_for_the_row() {
    let world = World::slow().await;
    world.enter(-10_000_001).await;
    let instance = world.guarded(0, r#""delete""#, r#""stale-while-revalidate""#);
    let began = Instant::now();
    let (served, value) = instance.served(1).await;
    assert_eq!((served, value.unwrap().body), (Served::Miss, Bytes::from("seeded 1")));
    assert_eq!(began.elapsed(), LOAD);
}

#[tokio::test(start_paused = true)]
async fn an_early_load_is_paid_by_its_reader_or_by_nobody() {
    for (guards, served, waited) in [
        (r#"["xfetch", "single-flight"]"#, Served::Miss, LOAD),
        (r#"["single-flight", "xfetch"]"#, Served::Miss, LOAD),
        (r#"["threshold", "single-flight"]"#, Served::Miss, LOAD),
        (r#"{"xfetch": {"mode": "async"}}"#, Served::Hit, Duration::ZERO),
        (r#"{"refresh-ahead": {"hot": 1}}"#, Served::Hit, Duration::ZERO),
    ] {
        let world = World::slow().await;
        world.enter(1_000_000).await;
        let instance = world.guarded(0, r#""delete""#, guards);
        let began = Instant::now();
        let all = join_all((0..9).map(|_| instance.served(1))).await;
        assert!(all.iter().all(|found| found.0 == served), "{guards}");
        assert_eq!(began.elapsed(), waited, "{guards}");
        instance.strategy.drain().await.unwrap();
        assert_eq!(instance.loads(), 1, "{guards}");
        assert_eq!(instance.body(1).await, Some("seeded 1".into()), "{guards}");
    }
}

#[tokio::test(start_paused = true)]
async fn whose_refresh_is_not_allowed_to_fill_does_not_load() {
    for guards in [r#""xfetch""#, r#"{"xfetch": {"mode": "async"}}"#, r#""stale-while-revalidate""#] {
        let world = World::slow().await;
        world.enter(if guards.contains("stale") { -1 } else { 1_000_000 }).await;
        let instances = [0, 1].map(|number| world.guarded(number, r#""lease""#, guards));
        let (_, other) = tokio::join!(instances[0].served(1), async {
            tokio::time::sleep(LOAD / 2).await;
            instances[1].served(1).await
        });
        assert_eq!((other.0, other.1.unwrap().body), (Served::Hit, Bytes::from("entered")), "{guards}");
        instances[1].strategy.drain().await.unwrap();
        assert_eq!((instances[0].loads(), instances[1].loads()), (1, 0), "{guards}");
    }
}

/// The refresh under way holds a lease of its own, and the one that came with the miss is not needed.
#[tokio::test(start_paused = true)]
async fn a_claim_that_no_load_has_used_is_given_back() {
    let world = World::slow().await;
    world.enter(-1).await;
    let guards = r#"["stale-while-revalidate", "single-flight"]"#;
    let instances = [0, 1].map(|number| world.guarded(number, r#""lease""#, guards));
    instances[0].served(1).await;
    tokio::time::sleep(LOAD / 2).await;
    instances[1].version(&write(1, "new")).await;
    assert_eq!(instances[0].served(1).await.0, Served::Miss);
    // The write voided the lease of the refresh.
    assert_eq!((instances[0].loads(), world.entry(1).await), (1, None));
    instances[1].served(1).await;
    assert_eq!(world.entry(1).await.unwrap().body, "new");
}

#[tokio::test(start_paused = true)]
async fn that_a_row_is_not_there_is_remembered_until_it_is_inserted_or_for_its_time() {
    for coherence in [r#""delete""#, r#""update""#, r#""compare-and-set""#] {
        let world = World { ttl: Some(TTL), ..World::default() };
        let instance = world.guarded(0, coherence, r#""negative""#);
        let absent = async |served, version| {
            let (found, value) = instance.served(1).await;
            let value = value.filter(|value| value.version > 0 || found == Served::Hit);
            assert!(value.as_ref().is_none_or(|value| value.tombstone), "{coherence}");
            assert_eq!((found, value.map_or(0, |value| value.version)), (served, version), "{coherence}");
        };
        absent(Served::Miss, 0).await;
        absent(Served::Hit, 0).await;
        tokio::time::advance(Duration::from_secs(1)).await;
        absent(Served::Miss, 0).await;
        absent(Served::Hit, 0).await;
        assert_eq!(instance.version(&operation(Kind::Insert, 1, "first")).await, Some(1));
        assert_eq!(instance.body(1).await, Some("first".into()), "{coherence}");
        assert_eq!(instance.version(&operation(Kind::Delete, 1, "")).await, Some(2));
        absent(Served::Miss, 2).await;
        absent(Served::Hit, 2).await;
        assert_eq!(instance.version(&operation(Kind::Insert, 1, "again")).await, Some(3));
        assert_eq!(instance.body(1).await, Some("again".into()), "{coherence}");
        rest().await;
        assert_eq!(world.entry(1).await.unwrap().version, 3, "{coherence}");
    }
}
