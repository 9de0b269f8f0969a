use bytes::{BufMut, BytesMut};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

use super::{Query, options};
use crate::model::Payload;

/// Seeding that did not succeed.
#[derive(Debug, thiserror::Error)]
#[error("seeding the database failed: {0}")]
pub struct SeedError(#[from] sqlx::Error);

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS items (
    id bigint PRIMARY KEY,
    version bigint NOT NULL,
    checksum bigint NOT NULL,
    -- None once the row has been deleted: its version stays, so that versions never start over.
    body bytea
) WITH (autovacuum_enabled = false);
-- Bodies are random bytes: compressing them would cost time and save nothing.
ALTER TABLE items ALTER COLUMN body SET STORAGE EXTERNAL, ALTER COLUMN body DROP NOT NULL;
CREATE TABLE IF NOT EXISTS item_parts (
    item_id bigint NOT NULL,
    part int NOT NULL,
    quantity int NOT NULL,
    price int NOT NULL,
    PRIMARY KEY (item_id, part)
) WITH (autovacuum_enabled = false);
CREATE TABLE IF NOT EXISTS stock (
    sku bigint PRIMARY KEY,
    level bigint NOT NULL CHECK (level >= 0),
    version bigint NOT NULL
) WITH (autovacuum_enabled = false);
CREATE TABLE IF NOT EXISTS outbox_positions (
    outbox text PRIMARY KEY,
    seq bigint NOT NULL
) WITH (autovacuum_enabled = false);
-- Its rows come and go: without vacuum, finding the next to be told of would take ever longer.
CREATE TABLE IF NOT EXISTS event_outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item bigint NOT NULL,
    version bigint NOT NULL
);
TRUNCATE items, item_parts, stock, outbox_positions, event_outbox";

const BUFFER: usize = 1 << 20;

/// Makes our tables, empty, in our schema, which exists.
///
/// # Errors
/// When the server does not answer or refuses.
pub async fn prepare(url: &str) -> Result<(), SeedError> {
    let mut connection = PgConnection::connect_with(&options(url)?).await?;
    connection.execute(sqlx::raw_sql(TABLES)).await?;
    connection.close().await?;
    Ok(())
}

/// Fills the tables with `rows` rows at version 1 by binary COPY, then vacuums and flushes them, so that
/// a measurement starts from the same state. `progress` is told how many rows have been sent.
///
/// # Errors
/// When the server does not answer or refuses.
pub async fn seed(
    url: &str,
    rows: u64,
    query: &Query,
    row: impl Fn(u64) -> Payload,
    progress: impl Fn(u64),
) -> Result<(), SeedError> {
    let mut connection = PgConnection::connect_with(&options(url)?).await?;
    connection.execute("TRUNCATE items, item_parts").await?;
    let mut copy =
        Copy::begin(&mut connection, "COPY items (id, version, checksum, body) FROM STDIN (FORMAT binary)")
            .await?;
    for id in 0..rows {
        let payload = row(id);
        copy.row(&[&id.to_be_bytes(), &1u64.to_be_bytes(), &payload.checksum.to_be_bytes(), &payload.body])
            .await?;
        if id % 10_000 == 0 {
            progress(id);
        }
    }
    copy.finish().await?;
    if query.parts() > 0 {
        // The index last: it is quicker made at once, and may be left out.
        const PLAIN: &str = "ALTER TABLE item_parts DROP CONSTRAINT IF EXISTS item_parts_pkey";
        connection.execute(PLAIN).await?;
        seed_parts(&mut connection, rows, query.parts()).await?;
        if query.is_indexed() {
            connection.execute("ALTER TABLE item_parts ADD PRIMARY KEY (item_id, part)").await?;
        }
    }
    progress(rows);
    settle(connection, "VACUUM (ANALYZE) items, item_parts").await
}

/// Gives each row so many parts.
async fn seed_parts(connection: &mut PgConnection, rows: u64, parts: u32) -> Result<(), SeedError> {
    let statement = "COPY item_parts (item_id, part, quantity, price) FROM STDIN (FORMAT binary)";
    let mut copy = Copy::begin(connection, statement).await?;
    for id in 0..rows {
        for part in 0..parts {
            let quantity = 1 + (id as u32 ^ part) % 10;
            let price = 100 + (id as u32).wrapping_mul(part + 1) % 9_900;
            let numbers = [part, quantity, price].map(u32::to_be_bytes);
            copy.row(&[&id.to_be_bytes(), &numbers[0], &numbers[1], &numbers[2]]).await?;
        }
    }
    copy.finish().await?;
    Ok(())
}

/// Brings tables to rest that have been filled.
pub(super) async fn settle(mut connection: PgConnection, vacuum: &'static str) -> Result<(), SeedError> {
    connection.execute(vacuum).await?;
    // Needs a privilege that a guest may lack; without it the first seconds may see its writes.
    let _ = connection.execute("CHECKPOINT").await;
    connection.close().await?;
    Ok(())
}

/// A COPY in binary format (PostgreSQL documentation, "COPY", File Formats).
pub(super) struct Copy<'a> {
    to: sqlx::postgres::PgCopyIn<&'a mut PgConnection>,
    buffer: BytesMut,
}

impl<'a> Copy<'a> {
    pub(super) async fn begin(
        connection: &'a mut PgConnection,
        statement: &'static str,
    ) -> Result<Copy<'a>, sqlx::Error> {
        let to = connection.copy_in_raw(statement).await?;
        let mut buffer = BytesMut::with_capacity(2 * BUFFER);
        buffer.put_slice(b"PGCOPY\n\xff\r\n\0");
        buffer.put_u32(0);
        buffer.put_u32(0);
        Ok(Copy { to, buffer })
    }

    pub(super) async fn row(&mut self, fields: &[&[u8]]) -> Result<(), sqlx::Error> {
        self.buffer.put_u16(fields.len() as u16);
        for field in fields {
            self.buffer.put_u32(field.len() as u32);
            self.buffer.put_slice(field);
        }
        if self.buffer.len() >= BUFFER {
            self.to.send(&self.buffer[..]).await?;
            self.buffer.clear();
        }
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<(), sqlx::Error> {
        self.buffer.put_i16(-1);
        self.to.send(&self.buffer[..]).await?;
        self.to.finish().await?;
        Ok(())
    }
}
