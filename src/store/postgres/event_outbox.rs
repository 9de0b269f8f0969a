use std::sync::Arc;

use sqlx::postgres::PgConnection;

use super::{connect_for_events, failed, options};
use crate::measure::Tally;
use crate::model::{Event, StoreError};

/// Events that writes have left in their table, in the transaction of the write.
///
/// An event that was carried on is removed, rather than passed by a position: transactions commit in another order than that
/// of their numbers, and a position would pass those that commit later.
pub struct EventOutbox {
    connection: PgConnection,
    tally: Arc<Tally>,
}

impl EventOutbox {
    /// # Errors
    /// When the server does not let us in within the time that any driver has for that, or refuses.
    pub async fn open(url: &str, tally: Arc<Tally>) -> Result<EventOutbox, StoreError> {
        let options = options(url).map_err(|error| failed(&error))?;
        // A removal that is lost in a crash is a repetition, which is allowed for; the disk need not be waited for.
        let options = options.options([("synchronous_commit", "off")]);
        Ok(EventOutbox { connection: connect_for_events(options).await?, tally })
    }

    /// The first events that are there, at most so many, each with its number.
    ///
    /// Who writes a row sees what was written of it before, which has the lower number: so the events of a row come in the
    /// order of its versions, and with none left out before one that is here.
    ///
    /// # Errors
    /// When the connection is broken or the server refuses.
    pub async fn read(&mut self, limit: usize) -> Result<Vec<(i64, Event)>, StoreError> {
        self.tally.event_query();
        let rows: Result<Vec<(i64, i64, i64)>, _> =
            sqlx::query_as("SELECT seq, item, version FROM event_outbox ORDER BY seq LIMIT $1")
                .bind(limit as i64)
                .fetch_all(&mut self.connection)
                .await;
        let rows = rows.map_err(|error| failed(&error))?.into_iter();
        Ok(rows.map(|(seq, item, version)| (seq, Event::new(item as u64, version as u64))).collect())
    }

    /// Removes all events.
    ///
    /// # Errors
    /// As [`EventOutbox::read`].
    pub async fn clear(&mut self) -> Result<(), StoreError> {
        self.tally.event_query();
        let removal = sqlx::query("TRUNCATE event_outbox").execute(&mut self.connection).await;
        removal.map(drop).map_err(|error| failed(&error))
    }

    /// Removes events that were carried on.
    ///
    /// # Errors
    /// As [`EventOutbox::read`].
    pub async fn remove(&mut self, numbers: &[i64]) -> Result<(), StoreError> {
        self.tally.event_query();
        let removal = sqlx::query("DELETE FROM event_outbox WHERE seq = ANY($1)").bind(numbers);
        removal.execute(&mut self.connection).await.map(drop).map_err(|error| failed(&error))
    }
}
