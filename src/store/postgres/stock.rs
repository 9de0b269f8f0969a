use std::ops::Range;

use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

use super::seed::{Copy, SeedError, settle};
use super::{Postgres, Statement, id, options};
use crate::measure::QueryClass;
use crate::model::{Failure, Intent, Key, StockLevel, StoreError};
use crate::store::{Answer, Stock};

/// Fills the stock of rows 0..`rows` with `units` each at version 0, and forgets every outbox.
///
/// # Errors
/// When the server does not answer or refuses.
pub async fn seed_stock(url: &str, rows: u64, units: u64) -> Result<(), SeedError> {
    let mut connection = PgConnection::connect_with(&options(url)?).await?;
    connection.execute("TRUNCATE stock, outbox_positions").await?;
    let statement = "COPY stock (sku, level, version) FROM STDIN (FORMAT binary)";
    let mut copy = Copy::begin(&mut connection, statement).await?;
    for row in 0..rows {
        copy.row(&[&row.to_be_bytes(), &units.to_be_bytes(), &0u64.to_be_bytes()]).await?;
    }
    copy.finish().await?;
    settle(connection, "VACUUM (ANALYZE) stock, outbox_positions").await
}

impl Stock for Postgres {
    fn set_level<'a>(&'a self, key: &'a Key, units: u64) -> Answer<'a, ()> {
        Box::pin(async move {
            let query = sqlx::query(Statement::SET_LEVEL.sql()).bind(id(key)).bind(units as i64);
            self.with(QueryClass::Write, async |connection| query.execute(connection).await).await?;
            Ok(())
        })
    }

    fn set_level_if_newer<'a>(&'a self, key: &'a Key, level: StockLevel) -> Answer<'a, ()> {
        Box::pin(async move {
            let query = sqlx::query(Statement::SET_LEVEL_IF_NEWER.sql());
            let query = query.bind(id(key)).bind(level.units).bind(level.version as i64);
            self.with(QueryClass::Write, async |connection| query.execute(connection).await).await?;
            Ok(())
        })
    }

    fn decrement<'a>(&'a self, key: &'a Key, units: u32) -> Answer<'a, Option<u64>> {
        Box::pin(async move {
            let query = sqlx::query_scalar(Statement::DECREMENT.sql()).bind(id(key)).bind(i64::from(units));
            let left: Option<i64> = self
                .with(QueryClass::Write, async |connection| query.fetch_optional(connection).await)
                .await?;
            Ok(left.map(|left| left as u64))
        })
    }

    fn open_outbox<'a>(&'a self, outbox: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let query = sqlx::query(Statement::OPEN_OUTBOX.sql()).bind(outbox);
            self.with(QueryClass::Flush, async |connection| query.execute(connection).await).await?;
            Ok(())
        })
    }

    fn apply<'a>(&'a self, outbox: &'a str, intents: &'a [Intent]) -> Answer<'a, ()> {
        Box::pin(async move {
            let Some(last) = intents.iter().map(|intent| intent.seq).max() else { return Ok(()) };
            let column = |number: fn(&Intent) -> u64| -> Vec<i64> {
                intents.iter().map(|it| number(it) as i64).collect()
            };
            let query = sqlx::query_scalar(Statement::APPLY.sql())
                .bind(outbox)
                .bind(last as i64)
                .bind(column(|intent| intent.seq))
                .bind(column(|intent| intent.row))
                .bind(column(|intent| u64::from(intent.units)));
            let known: i64 =
                self.with(QueryClass::Flush, async |connection| query.fetch_one(connection).await).await?;
            if known == 0 {
                let text = format!("the database does not know the outbox {outbox}");
                return Err(StoreError::database(Failure::Refused, text));
            }
            Ok(())
        })
    }

    fn levels(&self, rows: Range<u64>) -> Answer<'_, Vec<(u64, StockLevel)>> {
        Box::pin(async move {
            let query = sqlx::query_as(Statement::LEVELS.sql()).bind(rows.start as i64).bind(rows.end as i64);
            let levels: Vec<(i64, i64, i64)> =
                self.with(QueryClass::Load, async |connection| query.fetch_all(connection).await).await?;
            let level = |units, version: i64| StockLevel { units, version: version as u64 };
            Ok(levels.into_iter().map(|(sku, units, version)| (sku as u64, level(units, version))).collect())
        })
    }
}
