use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use cachebench::invalidation::Link;
use cachebench::model::Event;
use cachebench::servers::PostgresCounters;
use cachebench::store::Database;
use futures_util::future::join_all;
use sqlx::{Connection, PgConnection};

use super::{ROWS, Site, alone, key, payload};

const WRITERS: u64 = 8;
const WRITES: u64 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_writers_each_write_is_told_and_the_versions_of_a_row_do_not_go_back() {
    for name in ["outbox", "cdc", "notify"] {
        let site = Site::new(name).await;
        let mut ear = site.listener(&alone()).await;
        let hearing = tokio::spawn(async move {
            let mut heard: Vec<Event> = Vec::new();
            // Each row ends with a version that is known beforehand.
            let mut open: BTreeSet<u64> = (0..ROWS).collect();
            while !open.is_empty() {
                for event in ear.events().await {
                    if event.version == Some(1 + WRITERS * WRITES / ROWS) {
                        open.remove(&event.row);
                    }
                    heard.push(event);
                }
            }
            heard
        });
        let writers = join_all((0..WRITERS).map(|_| site.writer())).await.into_iter().map(Arc::new);
        let tasks = writers.enumerate().map(|(number, writer)| {
            tokio::spawn(async move {
                for write in 0..WRITES {
                    writer.write((write + number as u64) % ROWS).await;
                }
            })
        });
        for ended in join_all(tasks).await {
            ended.unwrap();
        }
        let heard = hearing.await.unwrap();
        let mut latest: HashMap<u64, u64> = HashMap::new();
        for event in &heard {
            let version = event.version.unwrap();
            let before = latest.insert(event.row, version).unwrap_or(1);
            assert_eq!(version, before + 1, "{name}: row {}", event.row);
        }
        assert_eq!(heard.len() as u64, WRITERS * WRITES, "{name}");
    }
}

#[tokio::test]
async fn a_row_whose_large_body_stays_where_it_is_is_told_of_all_the_same() {
    let site = Site::new("cdc").await;
    let mut ear = site.listener(&alone()).await;
    let mut connection = PgConnection::connect(&site.postgres.url()).await.unwrap();
    for statement in [
        "UPDATE cachebench.items SET version = version + 1, body = decode(repeat('ab', 100000), 'hex') WHERE id = 3",
        "UPDATE cachebench.items SET version = version + 1 WHERE id = 3",
        "INSERT INTO cachebench.stock VALUES (3, 1, 9)",
        "DELETE FROM cachebench.items WHERE id = 4",
    ] {
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    }
    let writer = site.writer().await;
    let last = writer.write(5).await;
    assert_eq!(ear.until(last).await, [Event::new(3, 2), Event::new(3, 3), last]);
}

#[tokio::test]
async fn insertions_and_deletions_are_told_of_and_what_changes_nothing_is_not() {
    for name in ["outbox", "cdc", "notify"] {
        let site = Site::new(name).await;
        let (mut ear, writer) = (site.listener(&alone()).await, site.writer().await);
        let database = &writer.database;
        assert_eq!(database.insert(&key(100), &payload()).await.unwrap(), 1);
        assert_eq!(database.delete(&key(100)).await.unwrap(), Some(2));
        assert_eq!(database.delete(&key(100)).await.unwrap(), None);
        assert_eq!(database.update(&key(100), &payload()).await.unwrap(), None);
        assert_eq!(database.insert(&key(100), &payload()).await.unwrap(), 3);
        let told = ear.until(Event::new(100, 3)).await;
        assert_eq!(told, [1, 2, 3].map(|version| Event::new(100, version)), "{name}");
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_read_as_changes_says_what_is_missing() {
    let site = Site::new("outbox").await;
    let cdc = cachebench::registry::Choice::named("cdc").build(cachebench::invalidation::TRANSPORTS, ());
    let refused = cdc.unwrap().prepare(&site.link).await.unwrap_err().to_string();
    assert!(refused.contains("wal_level = logical") && refused.contains("replica"), "{refused}");

    let site = Site::new("cdc").await;
    let mut connection = PgConnection::connect(&site.postgres.url()).await.unwrap();
    for statement in [
        "CREATE ROLE guest LOGIN",
        "GRANT CREATE ON DATABASE postgres TO guest",
        "ALTER SCHEMA cachebench OWNER TO guest",
        "ALTER TABLE cachebench.items OWNER TO guest",
    ] {
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    }
    site.transport.clean_up(&site.link).await.unwrap();
    let as_guest = site.postgres.url().replace("cachebench@", "guest@");
    let link = Link { database: as_guest, ..site.link.clone() };
    let refused = site.transport.prepare(&link).await.unwrap_err().to_string();
    assert!(refused.contains("ALTER ROLE … REPLICATION"), "{refused}");
    sqlx::raw_sql("ALTER ROLE guest REPLICATION").execute(&mut connection).await.unwrap();
    site.transport.prepare(&link).await.unwrap();
}

/// A database with a slot that nobody reads would keep its log for ever.
#[tokio::test]
async fn what_costs_the_server_something_is_taken_off_it() {
    let site = Site::new("cdc").await;
    let mut connection = PgConnection::connect(&site.postgres.url()).await.unwrap();
    let left = "SELECT (SELECT count(*) FROM pg_replication_slots) + (SELECT count(*) FROM pg_publication)";
    let mut count = async || sqlx::query_scalar::<_, i64>(left).fetch_one(&mut connection).await.unwrap();
    assert!(count().await >= 2);
    // Made again over what an earlier measurement left, and taken off in the middle of reading.
    site.transport.prepare(&site.link).await.unwrap();
    site.link.tasks.abort();
    site.transport.clean_up(&site.link).await.unwrap();
    assert_eq!(count().await, 0);
}

#[tokio::test]
async fn the_server_counts_a_write_that_tells_as_one_statement() {
    // What Postgres makes of the constants, by which the checks of a run find the statements again.
    for (name, update, insert) in [
        ("outbox", "version + $4, checksum = $2", "version = items.version + $5, "),
        ("notify", "pg_notify($5, id || $6 || version)", "pg_notify($6, id || $7 || version)"),
    ] {
        let site = Site::new(name).await;
        let writer = site.writer().await;
        let before = PostgresCounters::read(&site.postgres.url()).await.unwrap().unwrap();
        writer.database.update(&key(1), &payload()).await.unwrap();
        writer.database.delete(&key(1)).await.unwrap();
        writer.database.insert(&key(1), &payload()).await.unwrap();
        let counted = PostgresCounters::read(&site.postgres.url()).await.unwrap().unwrap().since(&before);
        let calls = |words: &str, within: &str| -> u64 {
            let of =
                counted.calls.iter().filter(|(text, _)| text.starts_with(words) && text.contains(within));
            of.map(|(_, calls)| *calls).sum()
        };
        assert_eq!(calls("WITH changed AS (UPDATE", update), 2, "{name}: {:?}", counted.calls);
        assert_eq!(calls("WITH changed AS (INSERT", insert), 1, "{name}: {:?}", counted.calls);
    }
}
