//! The database in memory, which stands in for Postgres in other tests, answers as Postgres does; and what
//! Postgres has to bear: seeding, other shapes of query, calls that are given up, a server that dies.

#![allow(clippy::unwrap_used, reason = "a failed step fails its test")]

mod steps;
mod stock;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cachebench::measure::{QueryClass, Tally};
use cachebench::model::{Failure, Key, Payload, Store, Time, Value};
use cachebench::registry::Choice;
use cachebench::servers::{ManagedPostgres, PostgresOptions, RunFolder, admit_postgres};
use cachebench::store::Database;
use cachebench::store::memory::MemoryDatabase;
use cachebench::store::postgres::{Postgres, Query, SCHEMA, options, prepare, seed};
use cachebench::traffic::{Bodies, KEYS, KeyParts, Mix, Random, Stream, Traffic, ValueSize, Weights};
use futures_util::future::join_all;
use sqlx::{Connection, PgConnection};

use self::steps::{ROWS, Step, difference, payload};

const PREFIX: &str = "cb:";

/// A server with our tables, empty.
async fn server() -> ManagedPostgres {
    let server = ManagedPostgres::start(&PostgresOptions::default(), &RunFolder::create().unwrap()).unwrap();
    admit_postgres(&server.url(), SCHEMA, false).await.unwrap();
    prepare(&server.url()).await.unwrap();
    server
}

async fn connect(server: &ManagedPostgres, pool: usize, query: Query) -> (Postgres, Arc<Tally>) {
    let tally = Arc::new(Tally::default());
    (Postgres::connect(&server.url(), pool, query, tally.clone()).await.unwrap(), tally)
}

fn key(id: u64) -> Key {
    Key::new(PREFIX, id)
}

fn traffic(rows: u64) -> Traffic {
    let keys = Choice::named("uniform").build(KEYS, KeyParts { rows, seed: 5, folders: Vec::new() }).unwrap();
    let size = ValueSize::Lognormal { median: cachebench::model::Size(100), sigma: 1.0 };
    Traffic::new(5, rows, PREFIX, Mix::new(&Weights::default(), 5), keys, Bodies::new(size, 5))
}

/// Fills the tables with `rows` rows of a traffic.
async fn fill(server: &ManagedPostgres, rows: u64, query: &Query) -> Traffic {
    let traffic = traffic(rows);
    seed(&server.url(), rows, query, |id| traffic.row(id), |_| ()).await.unwrap();
    traffic
}

/// The row of a traffic, as it was seeded.
fn seeded(traffic: &Traffic, id: u64) -> Value {
    let Payload { body, checksum } = traffic.row(id);
    Value { version: 1, checksum, body, ..Value::default() }
}

/// A row as it was loaded, but for what that took.
fn timeless(row: Option<Value>) -> Option<Value> {
    row.map(|row| Value { load_cost_us: 0, ..row })
}

#[tokio::test]
async fn the_database_in_memory_answers_as_postgres_does() {
    let server = server().await;
    let (postgres, sent) = connect(&server, 2, Query::default()).await;
    let tally = Arc::new(Tally::default());
    let memory = MemoryDatabase::default().share(tally.clone());
    let mut random = Random::new(9, Stream::Operation, 0);
    let steps: Vec<_> = (0..800).map(|_| Step::random(&mut random)).collect();
    assert_eq!(difference(&memory, &postgres, &steps).await, None);
    assert_eq!(tally.counts(), sent.counts(), "queries are counted otherwise");
    // The control: a row that only one of them has is told.
    memory.insert(&key(ROWS), &payload(&mut random)).await.unwrap();
    assert_eq!(difference(&memory, &postgres, &[]).await.unwrap(), format!("step {ROWS}, Load({ROWS})"));
}

#[tokio::test]
async fn every_shape_of_query_loads_the_same_rows() {
    let server = server().await;
    let aggregate = Query::Aggregate { parts: 3, indexed: true };
    let traffic = fill(&server, 20, &aggregate).await;
    for query in [Query::Point {}, aggregate, Query::Sleep(Time(Duration::from_millis(1)))] {
        let (postgres, tally) = connect(&server, 2, query.clone()).await;
        for id in 0..20 {
            let row = postgres.load(&key(id)).await.unwrap().unwrap();
            assert!(row.load_cost_us > 0, "{query:?}");
            assert_eq!(timeless(Some(row)), Some(seeded(&traffic, id)), "{query:?}");
        }
        assert_eq!(postgres.load(&key(20)).await.unwrap(), None, "{query:?}");
        let before = tally.counts();
        let ids = [7, 20, 0, 19];
        let rows = postgres.load_many(&ids.map(key)).await.unwrap();
        assert_eq!(
            rows.into_iter().map(timeless).collect::<Vec<_>>(),
            ids.map(|id| (id < 20).then(|| seeded(&traffic, id))),
            "{query:?}"
        );
        assert_eq!((&tally.counts() - &before).query(QueryClass::Load), 1, "{query:?}");
    }
    // A row that was made later has no parts, and is a row all the same.
    let (postgres, _) = connect(&server, 1, Query::Aggregate { parts: 3, indexed: true }).await;
    let made = Payload::new(&key(20), Bytes::from_static(b"made later"));
    assert_eq!(postgres.insert(&key(20), &made).await.unwrap(), 1);
    assert_eq!(postgres.load(&key(20)).await.unwrap().unwrap().body, "made later");
}

#[tokio::test]
async fn seeding_makes_exactly_the_rows_of_the_traffic() {
    const COUNT: u64 = 20_000;
    let server = server().await;
    let query = Query::Aggregate { parts: 4, indexed: true };
    let (postgres, _) = connect(&server, 1, query.clone()).await;
    let mut connection = PgConnection::connect_with(&options(&server.url()).unwrap()).await.unwrap();
    // Twice, over rows that a run has changed: the second time starts from nothing.
    for _ in 0..2 {
        let traffic = fill(&server, COUNT, &query).await;
        let (rows, first, last, version, bytes): (i64, i64, i64, i64, i64) = sqlx::query_as(
            "SELECT count(*), min(id), max(id), max(version), sum(length(body))::bigint FROM items",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        let wanted: u64 = (0..COUNT).map(|id| traffic.row(id).body.len() as u64).sum();
        assert_eq!((rows, first, last, version), (20_000, 0, 19_999, 1));
        assert_eq!(bytes as u64, wanted);
        let parts: (i64, i64, i64) =
            sqlx::query_as("SELECT count(*), count(DISTINCT item_id), max(part)::bigint FROM item_parts")
                .fetch_one(&mut connection)
                .await
                .unwrap();
        assert_eq!(parts, (80_000, 20_000, 3));
        for id in (0..COUNT).step_by(487).chain([COUNT - 1]) {
            let row = postgres.load(&key(id)).await.unwrap().unwrap();
            assert!(row.is_intact(&key(id)));
            assert_eq!(timeless(Some(row)), Some(seeded(&traffic, id)));
        }
        postgres.update(&key(3), &Payload::default()).await.unwrap();
        postgres.insert(&key(COUNT), &Payload::default()).await.unwrap();
    }
}

#[tokio::test]
async fn a_killed_server_is_unavailable_and_is_found_again() {
    let mut server = server().await;
    let traffic = fill(&server, 10, &Query::default()).await;
    let (postgres, tally) = connect(&server, 3, Query::default()).await;
    server.kill();
    // A backend outlives its postmaster until it notices, and there are three.
    let (deadline, mut in_a_row) = (Instant::now() + Duration::from_secs(20), 0);
    while in_a_row < 10 {
        let before = tally.counts().errors(Store::Database, Failure::Unavailable);
        let answer = tokio::time::timeout(Duration::from_secs(20), postgres.load(&key(1))).await.unwrap();
        let failure = answer.err().map(|error| error.failure);
        in_a_row = if failure.is_some() { in_a_row + 1 } else { 0 };
        assert!(failure.is_none_or(|failure| failure == Failure::Unavailable), "{failure:?}");
        let counted = tally.counts().errors(Store::Database, Failure::Unavailable) - before;
        assert_eq!(counted, u64::from(failure.is_some()));
        assert!(Instant::now() < deadline, "it still answers after 20 s");
    }
    server.restart().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while let Err(error) = postgres.load(&key(1)).await {
        assert!(Instant::now() < deadline, "still {error} after 20 s");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // All of the pool, at once.
    let keys: Vec<_> = (0..9).map(key).collect();
    for (id, row) in join_all(keys.iter().map(|key| postgres.load(key))).await.into_iter().enumerate() {
        assert_eq!(timeless(row.unwrap()), Some(seeded(&traffic, id as u64)));
    }
}

#[tokio::test]
async fn a_slow_query_is_as_slow_where_there_is_no_row() {
    const PAUSE: Duration = Duration::from_millis(50);
    let server = server().await;
    fill(&server, 10, &Query::default()).await;
    let (postgres, _) = connect(&server, 1, Query::Sleep(Time(PAUSE))).await;
    for (id, is_there) in [(1, true), (99, false)] {
        let began = Instant::now();
        assert_eq!(postgres.load(&key(id)).await.unwrap().is_some(), is_there);
        assert!(began.elapsed() >= PAUSE);
        let began = Instant::now();
        assert_eq!(postgres.load_many(&[key(id)]).await.unwrap()[0].is_some(), is_there);
        assert!(began.elapsed() >= PAUSE);
    }
}

#[tokio::test]
async fn queries_that_are_given_up_leave_the_pool_usable() {
    const POOL: usize = 3;
    let server = server().await;
    let traffic = fill(&server, 10, &Query::default()).await;
    let (postgres, tally) = connect(&server, POOL, Query::Sleep(Time(Duration::from_millis(300)))).await;
    let keys: Vec<_> = (0..2 * POOL as u64).map(key).collect();
    let mut observer = PgConnection::connect(&server.url()).await.unwrap();
    let asleep = async {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let count: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND state = 'active'",
            )
            .fetch_one(&mut observer)
            .await
            .unwrap();
            if count == POOL as i64 {
                break;
            }
            assert!(Instant::now() < deadline, "only {count} connections are busy after 20 s");
        }
    };
    tokio::select! {
        biased;
        () = asleep => {}
        _ = async { loop { join_all(keys.iter().map(|key| postgres.load(key))).await; } } => {}
    }
    for (id, row) in join_all(keys.iter().map(|key| postgres.load(key))).await.into_iter().enumerate() {
        assert_eq!(timeless(row.unwrap()), Some(seeded(&traffic, id as u64)));
    }
    tally.take_pool();
    postgres.load(&keys[0]).await.unwrap();
    assert_eq!(tally.take_pool().peak_active, 1, "a query that was given up still counts as in flight");
}

/// An answer to one query must never be taken for the answer to another.
#[tokio::test]
async fn a_query_that_is_given_up_anywhere_leaves_no_answer_behind() {
    let server = server().await;
    let traffic = fill(&server, 10, &Query::default()).await;
    let (quick, _) = connect(&server, 1, Query::default()).await;
    let (slow, _) = connect(&server, 1, Query::Sleep(Time(Duration::from_millis(1)))).await;
    let mut random = Random::new(3, Stream::Operation, 0);
    let mut given_up = 0;
    for turn in 0..600 {
        // On a busy machine, a quick answer may be there before anybody looks for it.
        let postgres = if turn % 4 == 0 { &slow } else { &quick };
        let (one, other) = (key(random.below(10)), key(turn % 10));
        let patience = Duration::from_micros(random.below(400));
        given_up += u32::from(tokio::time::timeout(patience, postgres.load(&one)).await.is_err());
        let turns = random.below(6);
        tokio::select! {
            biased;
            _ = postgres.load(&one) => {}
            () = async { for _ in 0..turns { tokio::task::yield_now().await; } } => given_up += 1,
        }
        assert_eq!(timeless(postgres.load(&other).await.unwrap()), Some(seeded(&traffic, other.id())));
    }
    assert!(given_up > 100, "only {given_up} queries were given up");
}
