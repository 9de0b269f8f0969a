use std::sync::Arc;

use cachebench::measure::{QueryClass, Tally};
use cachebench::model::{Key, Payload, Value};
use cachebench::servers::{ManagedPostgres, PostgresOptions, RunFolder, admit_postgres};
use cachebench::store::Database;
use cachebench::store::postgres::{Postgres, Query, SCHEMA, prepare, seed};

use super::bench::Bench;
use super::machine;

/// Without rest: whenever the two sides' counts are compared, something is being sent.
const RESTLESS: &str = r#"
name = "restless"
strategy = { write-behind = { flush_every = "1ms" } }
[data]
rows = 200
[traffic]
mix = { read = 50, write = 50 }
load = { closed = { clients = 2 } }
operations = 1_000
[app]
instances = 2
"#;

#[test]
fn a_flusher_that_never_rests_does_not_upset_the_books() {
    let bench = Bench::new(RESTLESS);
    let outcome = bench.run(&[]);
    outcome.ends_with(0);
    let one = outcome.only();
    assert_eq!((one.status(), one.reasons(), one.accounted()), ("valid", vec![], 1_000));
    assert!(one.metric("db.flushes") > 0.0);
}

const ROWS: u64 = 400;

/// Rows in this version, every third of them deleted.
fn rows(ids: impl Iterator<Item = u64>, version: u64) -> Vec<(Key, Value)> {
    let row = |id| (Key::new("flush:", id), Value { version, tombstone: id % 3 == 0, ..Value::default() });
    ids.map(row).collect()
}

#[test]
fn two_instances_that_flush_the_same_rows_do_not_deadlock() {
    let _seat = machine::seat();
    let postgres =
        ManagedPostgres::start(&PostgresOptions::default(), &RunFolder::create().unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(flush_from_both_ends(&postgres.url()));
}

async fn flush_from_both_ends(url: &str) {
    let query = Query::default();
    admit_postgres(url, SCHEMA, false).await.unwrap();
    prepare(url).await.unwrap();
    let payload = |id| Payload::new(&Key::new("flush:", id), vec![7; 16].into());
    let connect =
        async || Postgres::connect(url, 1, query.clone(), Arc::new(Tally::default())).await.unwrap();
    let (one, other) = (connect().await, connect().await);
    for version in 2..30 {
        // All rows are there again, so that each round deletes some.
        seed(url, ROWS, &query, payload, |_| {}).await.unwrap();
        let (up, down) = (rows(0..ROWS, version), rows((0..ROWS).rev(), version + 1));
        let both = tokio::join!(one.store(QueryClass::Flush, &up), other.store(QueryClass::Flush, &down));
        assert!(matches!(both, (Ok(()), Ok(()))), "{both:?}");
    }
}
