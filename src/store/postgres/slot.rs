use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor};

use super::pgoutput::{Change, Changes};
use super::{SCHEMA, connect_for_events, failed, is_broken, options};
use crate::measure::Tally;
use crate::model::{Event, Failure, StoreError};
use crate::store::{CONNECT_TIMEOUT, RECONNECT_PAUSE};

/// What a slot tells of; there is one in a database.
const PUBLICATION: &str = SCHEMA;

/// How often a slot that has nothing for us is moved on, so that the server need not keep its log.
const MOVE_EVERY: Duration = Duration::from_secs(1);

/// How often the server is made to note which transactions are open.
const NOTE_EVERY: Duration = Duration::from_millis(250);

/// SQLSTATE of a slot that somebody reads just now, and of what our role may not do.
const IN_USE: &str = "55006";
const FORBIDDEN: &str = "42501";

/// A replication slot: the log of the database from a place on, read as changes of our rows in the order of their commits.
pub struct Slot {
    connection: PgConnection,
    tally: Arc<Tally>,
    name: String,
    /// To where the log was read: what was read last need not come again once it is told.
    read_to: Option<u64>,
    moved: Instant,
    noted: Instant,
}

impl Slot {
    /// Makes the slot anew, from now on, and what it tells of.
    ///
    /// # Errors
    /// When the server does not answer, is not set up for it, or our role may not.
    pub async fn make(url: &str, tally: Arc<Tally>) -> Result<(), StoreError> {
        let mut slot = Slot::open(url, tally).await?;
        slot.check().await?;
        slot.remove().await?;
        let columns: bool = slot.one("SELECT current_setting('server_version_num')::int >= 150000").await?;
        // Older servers tell all columns.
        let columns = if columns { " (id, version)" } else { "" };
        let make = format!(
            "CREATE PUBLICATION {PUBLICATION} FOR TABLE {SCHEMA}.items{columns} WITH (publish = 'insert, update')"
        );
        slot.tally.event_query();
        let made = slot.connection.execute(sqlx::raw_sql(AssertSqlSafe(make))).await;
        made.map_err(|error| refused(&error, "GRANT CREATE ON DATABASE … TO …"))?;
        slot.tally.event_query();
        let make = sqlx::query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')").bind(&slot.name);
        let made = make.execute(&mut slot.connection).await;
        if made.is_err() {
            // A publication alone is of no use; whether it can be taken off changes nothing about the refusal.
            let _ = slot.remove().await;
        }
        made.map(drop).map_err(|error| refused(&error, "ALTER ROLE … REPLICATION"))
    }

    /// Takes both off the server, which would keep its log for the slot.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn take_off(url: &str, tally: Arc<Tally>) -> Result<(), StoreError> {
        Slot::open(url, tally).await?.remove().await
    }

    /// Connects to read it.
    ///
    /// # Errors
    /// When the server does not let us in within the time that any driver has for that.
    pub async fn open(url: &str, tally: Arc<Tally>) -> Result<Slot, StoreError> {
        let options = options(url).map_err(|error| failed(&error))?;
        let connection = connect_for_events(options).await?;
        let now = Instant::now();
        let mut slot = Slot { connection, tally, name: String::new(), read_to: None, moved: now, noted: now };
        // Slots are the server's; the number of the database is known to no other.
        let name = "SELECT 'cachebench_events_' || oid FROM pg_database WHERE datname = current_database()";
        slot.name = slot.one(name).await?;
        Ok(slot)
    }

    /// The changes after those that are passed, of about so many messages, whole transactions at a time. They come again
    /// until [`Slot::pass`].
    ///
    /// # Errors
    /// When the connection is broken, the server refuses, or what it tells cannot be read.
    pub async fn read(&mut self, messages: usize) -> Result<Vec<Event>, StoreError> {
        let idle_to = if self.moved.elapsed() >= MOVE_EVERY {
            let end = "SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint";
            Some(self.one::<i64>(end).await? as u64)
        } else {
            None
        };
        self.tally.event_query();
        let told: Vec<(Vec<u8>,)> = sqlx::query_as(
            "SELECT data FROM pg_logical_slot_peek_binary_changes($1, NULL, $2, \
             'proto_version', '1', 'publication_names', $3)",
        )
        .bind(&self.name)
        .bind(messages as i32)
        .bind(PUBLICATION)
        .fetch_all(&mut self.connection)
        .await
        .map_err(|error| failed(&error))?;
        let (mut changes, mut events) = (Changes::default(), Vec::new());
        if told.is_empty() {
            self.read_to = idle_to;
        }
        for (message,) in told {
            match changes.read(message).map_err(|error| StoreError::database(Failure::Corrupt, error))? {
                Change::Written(event) => events.push(event),
                Change::Committed(end) => self.read_to = Some(end),
                Change::Other => {}
            }
        }
        Ok(events)
    }

    /// Moves the slot on behind what was read last.
    ///
    /// # Errors
    /// As [`Slot::read`].
    pub async fn pass(&mut self) -> Result<(), StoreError> {
        let Some(end) = self.read_to.take() else { return Ok(()) };
        self.tally.event_query();
        let end = format!("{:X}/{:X}", end >> 32, end & u64::from(u32::MAX));
        let advance = sqlx::query("SELECT pg_replication_slot_advance($1, $2::text::pg_lsn)");
        let advance = advance.bind(&self.name).bind(end).execute(&mut self.connection);
        advance.await.map_err(|error| failed(&error))?;
        self.moved = Instant::now();
        self.note().await
    }

    /// Has the server note in its log which transactions are open.
    ///
    /// A reading begins where all that it may need was noted last, and by itself the server notes it every 15 s: until then
    /// each few changes would cost it more of its log. It also does when a slot is made. That waits for the end of the open
    /// transactions; where one is long, it is given up.
    async fn note(&mut self) -> Result<(), StoreError> {
        if self.noted.elapsed() < NOTE_EVERY {
            return Ok(());
        }
        self.run("SET statement_timeout = '50ms'").await?;
        self.tally.event_query();
        let make = "SELECT pg_drop_replication_slot(slot_name) \
                    FROM pg_create_logical_replication_slot($1 || '_note', 'pgoutput', true)";
        let made = sqlx::query(make).bind(&self.name).execute(&mut self.connection).await;
        if let Err(error) = made
            && is_broken(&error)
        {
            return Err(failed(&error));
        }
        self.run("RESET statement_timeout").await?;
        self.noted = Instant::now();
        Ok(())
    }

    async fn run(&mut self, statement: &'static str) -> Result<(), StoreError> {
        self.tally.event_query();
        let ran = self.connection.execute(statement).await;
        ran.map(drop).map_err(|error| failed(&error))
    }

    /// Looks whether the server keeps a log that can be read.
    async fn check(&mut self) -> Result<(), StoreError> {
        let level: String = self.one("SHOW wal_level").await?;
        if level == "logical" {
            return Ok(());
        }
        let what = format!(
            "changes can be read with wal_level = logical only, and it is {level}: set it in postgresql.conf and \
             restart the server"
        );
        Err(StoreError::database(Failure::Refused, what))
    }

    async fn remove(&mut self) -> Result<(), StoreError> {
        let until = Instant::now() + CONNECT_TIMEOUT;
        loop {
            self.tally.event_query();
            let removal = sqlx::query(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1",
            );
            match removal.bind(&self.name).execute(&mut self.connection).await {
                Ok(_) => break,
                // A statement of who was ended in the middle of it goes on for a moment.
                Err(sqlx::Error::Database(error))
                    if error.code().as_deref() == Some(IN_USE) && Instant::now() < until =>
                {
                    tokio::time::sleep(RECONNECT_PAUSE).await;
                }
                Err(error) => return Err(failed(&error)),
            }
        }
        self.tally.event_query();
        let removal = format!("DROP PUBLICATION IF EXISTS {PUBLICATION}");
        let removal = self.connection.execute(sqlx::raw_sql(AssertSqlSafe(removal))).await;
        removal.map(drop).map_err(|error| failed(&error))
    }

    async fn one<T>(&mut self, statement: &'static str) -> Result<T, StoreError>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        self.tally.event_query();
        let answer = sqlx::query_scalar(statement).fetch_one(&mut self.connection).await;
        answer.map_err(|error| failed(&error))
    }
}

/// Why something could not be made, and what to do where our role may not.
fn refused(error: &sqlx::Error, remedy: &str) -> StoreError {
    let told = failed(error);
    let code = error.as_database_error().and_then(|error| error.code());
    match code.as_deref() == Some(FORBIDDEN) {
        true => StoreError { detail: format!("{}; our role may not: {remedy}", told.detail), ..told },
        false => told,
    }
}
