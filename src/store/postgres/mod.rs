//! Postgres: rows in a table of our own, spoken to over connections that are held, not checked out.

mod connections;
mod event_outbox;
mod in_commit;
mod listing;
mod notices;
mod pgoutput;
mod query;
mod seed;
mod slot;
mod statements;
mod stock;
mod telling;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};

pub(crate) use event_outbox::EventOutbox;
pub use in_commit::InCommit;
pub use listing::{Listed, Listing};
pub(crate) use notices::Notices;
pub use query::Query;
pub use seed::{SeedError, prepare, seed};
pub(crate) use slot::Slot;
pub(crate) use statements::Statement;
pub use stock::seed_stock;

use self::connections::Connections;
use super::{Answer, CONNECT_TIMEOUT, Database};
use crate::measure::{QueryClass, Tally};
use crate::model::{Failure, Key, Payload, StoreError, Value};

/// The schema that holds our tables.
pub const SCHEMA: &str = "cachebench";

/// What every connection of ours has set: its name, and our schema first.
///
/// # Errors
/// When the URL is malformed.
pub fn options(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    let options: PgConnectOptions = url.parse()?;
    Ok(options.application_name("cachebench").options([("search_path", SCHEMA)]))
}

/// One service instance's access to the rows.
pub struct Postgres {
    connections: Connections,
    query: Query,
    telling: InCommit,
    tally: Arc<Tally>,
}

impl Postgres {
    /// Opens `pool` connections and prepares the statements on each.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn connect(
        url: &str,
        pool: usize,
        query: Query,
        tally: Arc<Tally>,
    ) -> Result<Postgres, StoreError> {
        Postgres::connect_telling(url, pool, query, InCommit::Nothing, tally).await
    }

    /// As [`Postgres::connect`]; each update, insertion and deletion tells others of itself. What is stored does not.
    ///
    /// # Errors
    /// As [`Postgres::connect`].
    pub async fn connect_telling(
        url: &str,
        pool: usize,
        query: Query,
        telling: InCommit,
        tally: Arc<Tally>,
    ) -> Result<Postgres, StoreError> {
        let options = options(url).map_err(|error| failed(&error))?;
        let connections = Connections::open(options, pool, &query).await.map_err(|error| failed(&error))?;
        Ok(Postgres { connections, query, telling, tally })
    }

    /// Runs one statement on a held connection; the wait for the connection is measured apart.
    async fn with<T>(
        &self,
        class: QueryClass,
        run: impl AsyncFnOnce(&mut sqlx::PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        let answer = async {
            let mut held = self.connections.acquire(&self.tally).await?;
            let _active = self.tally.query(class);
            let answer = run(held.connection()).await;
            if answer.as_ref().is_err_and(is_broken) {
                held.discard();
            }
            answer
        };
        answer.await.map_err(|error| {
            let error = failed(&error);
            self.tally.error(&error);
            error
        })
    }
}

/// A connection that carries events, apart from those of operations.
async fn connect_for_events(options: PgConnectOptions) -> Result<PgConnection, StoreError> {
    match tokio::time::timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&options)).await {
        Ok(connected) => connected.map_err(|error| failed(&error)),
        Err(_) => Err(StoreError::database(Failure::Unavailable, "no connection in time")),
    }
}

/// Whether the connection is of no more use.
fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
        sqlx::Error::RowNotFound | sqlx::Error::ColumnDecode { .. } => false,
        _ => true,
    }
}

fn failed(error: &sqlx::Error) -> StoreError {
    let failure = match error {
        sqlx::Error::PoolTimedOut => Failure::Timeout,
        sqlx::Error::Database(_) if !is_broken(error) => Failure::Refused,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Failure::Corrupt,
        _ => Failure::Unavailable,
    };
    StoreError::database(failure, error)
}

/// A row as it is stored: without a body it has been deleted.
fn value(version: i64, checksum: i64, body: Option<Vec<u8>>) -> Value {
    let (version, checksum, tombstone) = (version as u64, checksum as u64, body.is_none());
    Value { version, checksum, tombstone, body: Bytes::from(body.unwrap_or_default()), ..Value::default() }
}

/// What a statement took, without the wait for its connection, which says nothing of the row.
fn micros(began: Instant) -> u32 {
    u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX)
}

/// Row ids as Postgres counts them; ours stay far below 2^63.
fn id(key: &Key) -> i64 {
    key.id() as i64
}

impl Database for Postgres {
    fn load<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Value>> {
        Box::pin(async move {
            let row = self.with(QueryClass::Load, async |connection| {
                let began = Instant::now();
                let row = self.query.load(id(key)).fetch_optional(connection).await?;
                Ok(row.map(|row| (row, micros(began))))
            });
            let value = |((version, checksum, body), load_cost_us)| Value {
                load_cost_us,
                ..value(version, checksum, body)
            };
            Ok(row.await?.map(value))
        })
    }

    fn load_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Value>>> {
        Box::pin(async move {
            let rows = self.with(QueryClass::Load, async |connection| {
                let began = Instant::now();
                let rows = self.query.load_many(keys.iter().map(id).collect()).fetch_all(connection).await?;
                Ok((rows, micros(began)))
            });
            let (rows, load_cost_us) = rows.await?;
            let mut found: HashMap<i64, Value> = rows
                .into_iter()
                .map(|(id, version, checksum, body)| {
                    (id, Value { load_cost_us, ..value(version, checksum, body) })
                })
                .collect();
            Ok(keys.iter().map(|key| found.remove(&id(key))).collect())
        })
    }

    fn version<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<u64>> {
        Box::pin(async move {
            let version = self.with(QueryClass::Load, async |connection| {
                Statement::VERSION.of_row(id(key)).fetch_optional(connection).await
            });
            Ok(version.await?.map(|(version,)| version as u64))
        })
    }

    fn update<'a>(&'a self, key: &'a Key, payload: &'a Payload) -> Answer<'a, Option<u64>> {
        Box::pin(async move {
            let version = self.with(QueryClass::Write, async |connection| {
                Statement::update(self.telling)
                    .change(id(key), Some(payload))
                    .fetch_optional(connection)
                    .await
            });
            Ok(version.await?.map(|(version,)| version as u64))
        })
    }

    fn insert<'a>(&'a self, key: &'a Key, payload: &'a Payload) -> Answer<'a, u64> {
        Box::pin(async move {
            let version = self.with(QueryClass::Write, async |connection| {
                Statement::insert(self.telling).change(id(key), Some(payload)).fetch_one(connection).await
            });
            Ok(version.await?.0 as u64)
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<u64>> {
        Box::pin(async move {
            let version = self.with(QueryClass::Write, async |connection| {
                Statement::update(self.telling).change(id(key), None).fetch_optional(connection).await
            });
            Ok(version.await?.map(|(version,)| version as u64))
        })
    }

    fn store<'a>(&'a self, class: QueryClass, rows: &'a [(Key, Value)]) -> Answer<'a, ()> {
        Box::pin(async move {
            if rows.is_empty() {
                return Ok(());
            }
            let mut rows: Vec<_> = rows.iter().collect();
            rows.sort_unstable_by_key(|(key, _)| key.id());
            // Copied before a connection is held.
            let query = Statement::STORE.store(&rows);
            self.with(class, async |connection| query.execute(connection).await).await.map(drop)
        })
    }

    fn client(&self) -> Vec<(&'static str, String)> {
        vec![
            (
                "database_driver",
                "sqlx 0.9 (connections held by the instance, one statement in flight each)".into(),
            ),
            ("database_query", self.query.load_statement().sql().into()),
        ]
    }
}
