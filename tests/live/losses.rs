//! A crash of the cache under write-behind, key by key, without the engine.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use cachebench::measure::{Ledger, Tally};
use cachebench::mitigation::Guards;
use cachebench::model::{Key, Kind, Moment, Operation, Outcome, Payload};
use cachebench::registry::Choice;
use cachebench::servers::{
    ManagedPostgres, ManagedRedis, PostgresOptions, RedisOptions, RunFolder, admit_postgres,
};
use cachebench::store::postgres::{Listing, Postgres, Query, SCHEMA, prepare, seed};
use cachebench::store::{DRIVERS, DriverParts, Sharing, Tasks};
use cachebench::strategy::{Parts, STRATEGIES, Strategy};

use super::machine;

const PREFIX: &str = "losses:";
const ROWS: u64 = 40;

fn payload(id: u64, body: String) -> Payload {
    Payload::new(&Key::new(PREFIX, id), body.into())
}

/// Servers, a service instance that flushes only when it is told to, and the ledger of its writes.
struct World {
    redis: ManagedRedis,
    postgres: ManagedPostgres,
    ledger: Arc<Ledger>,
}

impl World {
    async fn new(persistence: &[(&str, &str)]) -> World {
        let settings = persistence.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let options = RedisOptions { settings, ..RedisOptions::default() };
        let run = RunFolder::create().unwrap();
        let redis = ManagedRedis::start(&options, &run).unwrap();
        let postgres = ManagedPostgres::start(&PostgresOptions::default(), &run).unwrap();
        admit_postgres(&postgres.url(), SCHEMA, false).await.unwrap();
        prepare(&postgres.url()).await.unwrap();
        let row = |id| payload(id, format!("seeded {id}"));
        seed(&postgres.url(), ROWS, &Query::default(), row, |_| {}).await.unwrap();
        World { redis, postgres, ledger: Arc::new(Ledger::new(ROWS, ROWS)) }
    }

    async fn instance(&self) -> Box<dyn Strategy> {
        let tally = Arc::new(Tally::default());
        let sharing = Sharing::Shared { connections: 1, run: 1 };
        let at = DriverParts { at: self.redis.url().into(), sharing, tally: tally.clone(), tracked: None };
        let driver = Choice::named("redis").build(DRIVERS, ()).unwrap();
        let url = self.postgres.url();
        let database = Postgres::connect(&url, 1, Query::default(), tally.clone()).await.unwrap();
        let parts = Parts {
            cache: driver.connect(at).await.unwrap(),
            database: Arc::new(database),
            guards: Guards::none(None),
            leaves_misses: false,
            fill_delay: None,
            prefix: PREFIX.into(),
            instance: 0,
            tally,
            loads: Arc::default(),
            ledger: self.ledger.clone(),
            tasks: Tasks::default(),
        };
        let rarely = r#"{"write-behind": {"flush_every": "1h", "batch": 7}}"#;
        serde_json::from_str::<Choice>(rarely).unwrap().build(STRATEGIES, parts).unwrap()
    }

    /// Writes each of these rows, a row with a larger id more often.
    async fn write(&self, instance: &dyn Strategy, ids: Range<u64>) {
        for (id, turn) in ids.flat_map(|id| (0..=id % 5).map(move |turn| (id, turn))) {
            let operation = Operation {
                ticket: 0,
                kind: Kind::Write,
                key: Key::new(PREFIX, id),
                keys: Vec::new(),
                payload: payload(id, format!("turn {turn} of {id}")),
                quantity: 0,
                scans: false,
            };
            self.ledger.before_write(id);
            let started = Moment::now();
            let Outcome::Written { version: Some(version) } = instance.write(&operation).await else {
                panic!("{operation:?} was not written")
            };
            self.ledger.acknowledged(id, version, (started, Moment::now()));
        }
    }

    /// The versions that the database has, by row.
    async fn stored(&self) -> BTreeMap<u64, u64> {
        let mut listing = Listing::open(&self.postgres.url()).await.unwrap();
        let rows = listing.rows(0, ROWS).await.unwrap();
        rows.into_iter().map(|row| (row.id, row.version)).collect()
    }
}

/// Writes, flushes, writes again, kills the cache and starts it; answers by row how many acknowledged writes the ledger
/// said were at stake, and how many the database lacks in the end.
async fn at_stake_and_lost(persistence: &[(&str, &str)]) -> Vec<(u64, u64)> {
    let mut world = World::new(persistence).await;
    let instance = world.instance().await;
    world.write(&*instance, 0..30).await;
    instance.drain().await.unwrap();
    assert_eq!(world.ledger.unflushed().writes, 0);
    world.write(&*instance, 15..ROWS).await;
    world.redis.restart().unwrap();
    let at_stake = world.ledger.unflushed();
    assert!(at_stake.oldest_ns > 0 && at_stake.rows == 25, "{at_stake:?}");
    let accounts: Vec<_> = (0..ROWS).map(|id| world.ledger.account(id).unwrap()).collect();
    assert_eq!(accounts.iter().map(|one| one.newest - one.stored).sum::<u64>(), at_stake.writes);
    // Another instance, whose connections are whole, flushes what came back with the cache.
    drop(instance);
    world.instance().await.drain().await.unwrap();
    let stored = world.stored().await;
    let account = |(id, one): (u64, &cachebench::measure::Account)| {
        assert_eq!((one.acknowledged, one.indeterminate), (one.newest - one.initial, 0));
        (one.newest - one.stored, one.newest - stored[&id])
    };
    (0..).zip(&accounts).map(account).collect()
}

#[test]
fn what_a_crash_of_the_cache_loses_is_key_by_key_what_the_ledger_had_as_not_flushed() {
    let _seat = machine::seat();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for persistence in [vec![], vec![("appendonly", "yes"), ("appendfsync", "always")]] {
        let found = runtime.block_on(at_stake_and_lost(&persistence));
        let expected = (0..ROWS).map(|id| if id < 15 { 0 } else { id % 5 + 1 });
        assert!(found.iter().map(|(at_stake, _)| *at_stake).eq(expected.clone()), "{found:?}");
        let lost: Vec<u64> = found.iter().map(|(_, lost)| *lost).collect();
        let all = if persistence.is_empty() { expected.collect() } else { vec![0; ROWS as usize] };
        assert_eq!(lost, all, "{persistence:?}");
        println!("{persistence:?}: lost by row {lost:?}");
    }
}
