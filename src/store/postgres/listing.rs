use std::collections::HashMap;

use sqlx::Connection;
use sqlx::postgres::PgConnection;

use super::{failed, options};
use crate::model::{Key, StoreError};

/// What the database holds of a row, without its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    pub id: u64,
    pub version: u64,
    pub checksum: u64,
}

/// Lists what is stored, over a connection of its own: for looking around a run, not within it.
pub struct Listing(PgConnection);

impl Listing {
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn open(url: &str) -> Result<Listing, StoreError> {
        let connect = async { PgConnection::connect_with(&options(url)?).await };
        connect.await.map(Listing).map_err(|error| failed(&error))
    }

    /// Rows with ids from `first` to below `end`, tombstones included, by id.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn rows(&mut self, first: u64, end: u64) -> Result<Vec<Listed>, StoreError> {
        let rows: Result<Vec<(i64, i64, i64)>, _> =
            sqlx::query_as("SELECT id, version, checksum FROM items WHERE id >= $1 AND id < $2 ORDER BY id")
                .bind(first as i64)
                .bind(end as i64)
                .fetch_all(&mut self.0)
                .await;
        Ok(rows.map_err(|error| failed(&error))?.into_iter().map(listed).collect())
    }

    /// These rows, in the order of their keys.
    ///
    /// # Errors
    /// As [`Listing::rows`].
    pub async fn of(&mut self, keys: &[Key]) -> Result<Vec<Option<Listed>>, StoreError> {
        let ids: Vec<i64> = keys.iter().map(|key| key.id() as i64).collect();
        let rows: Result<Vec<(i64, i64, i64)>, _> =
            sqlx::query_as("SELECT id, version, checksum FROM items WHERE id = ANY($1)")
                .bind(ids)
                .fetch_all(&mut self.0)
                .await;
        let rows = rows.map_err(|error| failed(&error))?.into_iter().map(listed);
        let mut found: HashMap<u64, Listed> = rows.map(|row| (row.id, row)).collect();
        Ok(keys.iter().map(|key| found.remove(&key.id())).collect())
    }
}

fn listed((id, version, checksum): (i64, i64, i64)) -> Listed {
    Listed { id: id as u64, version: version as u64, checksum: checksum as u64 }
}
