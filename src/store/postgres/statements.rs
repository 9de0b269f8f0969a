use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::{Query as SqlxQuery, QueryAs};

use super::Query;
use crate::measure::QueryClass;
use crate::model::{Key, Payload, Value};

/// Changes a row, with the constant by which its version grows.
macro_rules! update {
    ($one:literal) => {
        concat!(
            "UPDATE items SET version = version + ",
            $one,
            ", checksum = $2, body = $3 WHERE id = $1 AND body IS NOT NULL"
        )
    };
}

/// Makes a row or changes it, with the constants of its version.
macro_rules! insert {
    ($first:literal, $one:literal) => {
        concat!(
            "INSERT INTO items (id, version, checksum, body) VALUES ($1, ",
            $first,
            ", $2, $3) ON CONFLICT (id) DO UPDATE SET version = items.version + ",
            $one,
            ", checksum = excluded.checksum, body = excluded.body"
        )
    };
}

pub(super) use {insert, update};

/// A statement that we send, and what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    sql: &'static str,
    /// The text under which the server counts it, where that differs: its constants become parameters.
    counted_as: Option<&'static str>,
    class: QueryClass,
}

impl Statement {
    pub(super) const POINT: Statement =
        Statement::load("SELECT version, checksum, body FROM items WHERE id = $1");
    pub(super) const AGGREGATE: Statement = Statement::load(
        "SELECT i.version, i.checksum, i.body, sum(p.quantity * p.price) FROM items i \
         LEFT JOIN item_parts p ON p.item_id = i.id WHERE i.id = $1 GROUP BY i.id",
    );
    /// Sleeps whether or not there is such a row.
    pub(super) const SLEEP: Statement = Statement::load(
        "SELECT version, checksum, body FROM items WHERE id = (SELECT $1::bigint FROM pg_sleep($2))",
    );
    pub(super) const POINT_MANY: Statement =
        Statement::load("SELECT id, version, checksum, body FROM items WHERE id = ANY($1)");
    pub(super) const AGGREGATE_MANY: Statement = Statement::load(
        "SELECT i.id, i.version, i.checksum, i.body, sum(p.quantity * p.price) FROM items i \
         LEFT JOIN item_parts p ON p.item_id = i.id WHERE i.id = ANY($1) GROUP BY i.id",
    );
    /// Sleeps once, however many rows, also where there is none.
    pub(super) const SLEEP_MANY: Statement = Statement::load(
        "SELECT id, version, checksum, body FROM items \
         WHERE id = ANY((SELECT $1::bigint[] FROM pg_sleep($2))::bigint[])",
    );
    pub(super) const VERSION: Statement = Statement::load("SELECT version FROM items WHERE id = $1");
    /// A deletion is an update that leaves no body: the row keeps its place in the order of versions.
    pub(super) const UPDATE: Statement = Statement::write(concat!(update!("1"), " RETURNING version"))
        .but_counted_as(concat!(update!("$4"), " RETURNING version"));
    pub(super) const INSERT: Statement = Statement::write(concat!(insert!("1", "1"), " RETURNING version"))
        .but_counted_as(concat!(insert!("$4", "$5"), " RETURNING version"));
    /// The guard makes storing idempotent: an older version than the row's own changes nothing. The arrays are
    /// in the order of the ids, so that two instances that flush the same rows do not deadlock.
    pub(super) const STORE: Statement = Statement::flush(
        "INSERT INTO items (id, version, checksum, body) \
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[]) \
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, checksum = excluded.checksum, \
         body = excluded.body WHERE items.version < excluded.version",
    );

    /// As in the article: whatever the level was, and whoever wrote it.
    pub(super) const SET_LEVEL: Statement = Statement::write("UPDATE stock SET level = $2 WHERE sku = $1");
    pub(super) const SET_LEVEL_IF_NEWER: Statement =
        Statement::write("UPDATE stock SET level = $2, version = $3 WHERE sku = $1 AND version < $3");
    /// One statement is a transaction of its own: the row is locked, looked at and changed in one round trip, and
    /// no lock waits for a client. Who waited for the lock sees the level as it is by then.
    pub(super) const DECREMENT: Statement = Statement::write(
        "WITH held AS (SELECT sku, level FROM stock WHERE sku = $1 FOR UPDATE) \
         UPDATE stock SET level = stock.level - $2, version = version + 1 FROM held \
         WHERE stock.sku = held.sku AND held.level >= $2 RETURNING stock.level",
    )
    .but_counted_as(
        "WITH held AS (SELECT sku, level FROM stock WHERE sku = $1 FOR UPDATE) \
         UPDATE stock SET level = stock.level - $2, version = version + $3 FROM held \
         WHERE stock.sku = held.sku AND held.level >= $2 RETURNING stock.level",
    );
    pub(super) const OPEN_OUTBOX: Statement = Statement::flush(
        "INSERT INTO outbox_positions (outbox, seq) VALUES ($1, 0) ON CONFLICT (outbox) DO NOTHING",
    )
    .but_counted_as(
        "INSERT INTO outbox_positions (outbox, seq) VALUES ($1, $2) ON CONFLICT (outbox) DO NOTHING",
    );
    /// The lock of the position comes first, so that of two who apply the same intents the second sees where the
    /// first got to. Rows are locked in the order of their ids, so that two outboxes do not deadlock.
    pub(super) const APPLY: Statement = Statement::flush(
        "WITH known AS (SELECT seq FROM outbox_positions WHERE outbox = $1 FOR UPDATE), \
         moved AS (UPDATE outbox_positions SET seq = $2 FROM known WHERE outbox = $1 AND known.seq < $2), \
         sold AS (SELECT intent.sku, sum(intent.units)::bigint AS units FROM known, \
         unnest($3::bigint[], $4::bigint[], $5::bigint[]) AS intent (seq, sku, units) \
         WHERE intent.seq > known.seq GROUP BY intent.sku), \
         held AS (SELECT stock.sku, sold.units FROM stock JOIN sold ON stock.sku = sold.sku \
         ORDER BY stock.sku FOR UPDATE OF stock), \
         taken AS (UPDATE stock SET level = greatest(stock.level - held.units, 0), version = version + 1 \
         FROM held WHERE stock.sku = held.sku) \
         SELECT count(*) FROM known",
    )
    .but_counted_as(
        "WITH known AS (SELECT seq FROM outbox_positions WHERE outbox = $1 FOR UPDATE), \
         moved AS (UPDATE outbox_positions SET seq = $2 FROM known WHERE outbox = $1 AND known.seq < $2), \
         sold AS (SELECT intent.sku, sum(intent.units)::bigint AS units FROM known, \
         unnest($3::bigint[], $4::bigint[], $5::bigint[]) AS intent (seq, sku, units) \
         WHERE intent.seq > known.seq GROUP BY intent.sku), \
         held AS (SELECT stock.sku, sold.units FROM stock JOIN sold ON stock.sku = sold.sku \
         ORDER BY stock.sku FOR UPDATE OF stock), \
         taken AS (UPDATE stock SET level = greatest(stock.level - held.units, $6), version = version + $7 \
         FROM held WHERE stock.sku = held.sku) \
         SELECT count(*) FROM known",
    );
    /// Sent before and after a load, and by no load.
    pub(super) const LEVELS: Statement =
        Statement::load("SELECT sku, level, version FROM stock WHERE sku >= $1 AND sku < $2 ORDER BY sku");

    const fn load(sql: &'static str) -> Statement {
        Statement { sql, counted_as: None, class: QueryClass::Load }
    }

    pub(super) const fn write(sql: &'static str) -> Statement {
        Statement { sql, counted_as: None, class: QueryClass::Write }
    }

    const fn flush(sql: &'static str) -> Statement {
        Statement { sql, counted_as: None, class: QueryClass::Flush }
    }

    pub(super) const fn but_counted_as(self, text: &'static str) -> Statement {
        Statement { counted_as: Some(text), ..self }
    }

    /// The text, exactly as it is sent.
    pub fn sql(self) -> &'static str {
        self.sql
    }

    /// The text under which `pg_stat_statements` counts it.
    pub fn counted_as(self) -> &'static str {
        self.counted_as.unwrap_or(self.sql)
    }

    /// What it is for.
    pub fn class(self) -> QueryClass {
        self.class
    }

    /// Every statement that a load may send under this query shape.
    pub fn all(query: &Query) -> Vec<Statement> {
        let rows = [Self::VERSION, Self::UPDATE, Self::INSERT, Self::STORE];
        let stock =
            [Self::SET_LEVEL, Self::SET_LEVEL_IF_NEWER, Self::DECREMENT, Self::OPEN_OUTBOX, Self::APPLY];
        let loads = [query.load_statement(), query.load_many_statement()];
        loads.into_iter().chain(rows).chain(Self::TELLING).chain(stock).collect()
    }

    /// Changes or makes a row; without a payload, deletes it.
    pub(super) fn change(
        self,
        id: i64,
        payload: Option<&Payload>,
    ) -> QueryAs<'_, Postgres, (i64,), PgArguments> {
        let checksum = payload.map_or(0, |payload| payload.checksum as i64);
        sqlx::query_as(self.sql).bind(id).bind(checksum).bind(payload.map(|payload| &payload.body[..]))
    }

    pub(super) fn of_row<'a>(self, id: i64) -> QueryAs<'a, Postgres, (i64,), PgArguments> {
        sqlx::query_as(self.sql).bind(id)
    }

    pub(super) fn store(self, rows: &[&(Key, Value)]) -> SqlxQuery<'static, Postgres, PgArguments> {
        let ids: Vec<i64> = rows.iter().map(|(key, _)| key.id() as i64).collect();
        let versions: Vec<i64> = rows.iter().map(|(_, value)| value.version as i64).collect();
        let checksums: Vec<i64> = rows.iter().map(|(_, value)| value.checksum as i64).collect();
        let body = |value: &Value| (!value.tombstone).then(|| value.body.to_vec());
        let bodies: Vec<Option<Vec<u8>>> = rows.iter().map(|(_, value)| body(value)).collect();
        sqlx::query(self.sql).bind(ids).bind(versions).bind(checksums).bind(bodies)
    }
}
