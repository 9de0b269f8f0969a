use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Executor};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Query, Statement};
use crate::measure::Tally;

/// A fixed set of connections, each lent to one statement at a time.
///
/// Unlike a general pool it sends nothing of its own: no ping when a connection is lent or given back,
/// which would cost a round trip or two for every statement (docs/DESIGN.md).
pub struct Connections {
    options: PgConnectOptions,
    free: Semaphore,
    /// Connections not lent; fewer than free permits when some have broken.
    idle: Mutex<Vec<PgConnection>>,
}

impl Connections {
    /// Opens `size` connections and prepares the statements on each.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn open(
        options: PgConnectOptions,
        size: usize,
        query: &Query,
    ) -> Result<Connections, sqlx::Error> {
        let mut idle = Vec::with_capacity(size);
        for _ in 0..size {
            let mut connection = PgConnection::connect_with(&options).await?;
            for statement in Statement::all(query) {
                (&mut connection).prepare(sqlx::SqlStr::from_static(statement.sql())).await?;
            }
            idle.push(connection);
        }
        Ok(Connections { options, free: Semaphore::new(size), idle: Mutex::new(idle) })
    }

    /// Lends a connection, replacing a broken one.
    ///
    /// # Errors
    /// When a broken connection cannot be replaced.
    pub async fn acquire(&self, tally: &Tally) -> Result<Held<'_>, sqlx::Error> {
        let permit = match self.free.try_acquire() {
            Ok(permit) => {
                tally.pool_wait(Duration::ZERO);
                permit
            }
            Err(_) => {
                let since = Instant::now();
                let waiting = tally.pool_waiting();
                let permit = self.free.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?;
                drop(waiting);
                tally.pool_wait(since.elapsed());
                permit
            }
        };
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => PgConnection::connect_with(&self.options).await?,
        };
        Ok(Held { connections: self, connection: Some(connection), _permit: permit })
    }
}

/// A connection lent; it goes back when this is dropped.
pub struct Held<'a> {
    connections: &'a Connections,
    /// Empty once discarded.
    connection: Option<PgConnection>,
    // Dropped after `drop` below has put the connection back, so whoever gets the permit finds it.
    _permit: SemaphorePermit<'a>,
}

impl Held<'_> {
    pub fn connection(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("discard consumes the guard, so the connection is here")
    }

    /// Gives the connection up; the next to acquire opens another.
    pub fn discard(mut self) {
        self.connection = None;
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.connections.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}
