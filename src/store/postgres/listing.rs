use sqlx::Connection;
use sqlx::postgres::PgConnection;

use super::{failed, options};
use crate::model::StoreError;

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
        let listed = |(id, version, checksum)| Listed {
            id: id as u64,
            version: version as u64,
            checksum: checksum as u64,
        };
        Ok(rows.map_err(|error| failed(&error))?.into_iter().map(listed).collect())
    }
}
