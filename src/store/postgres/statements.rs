use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::{Query as SqlxQuery, QueryAs};

use crate::measure::QueryClass;
use crate::model::{Key, Payload, Time, Value};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Value as Json, json};

/// A statement that we send, and what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    sql: &'static str,
    /// The text under which the server counts it, where that differs: constants become parameters.
    counted_as: Option<&'static str>,
    class: QueryClass,
}

impl Statement {
    const POINT: Statement = Statement {
        sql: "SELECT version, checksum, body FROM items WHERE id = $1",
        counted_as: None,
        class: QueryClass::Load,
    };
    const AGGREGATE: Statement = Statement {
        sql: "SELECT i.version, i.checksum, i.body, sum(p.quantity * p.price) FROM items i \
              LEFT JOIN item_parts p ON p.item_id = i.id WHERE i.id = $1 GROUP BY i.id",
        counted_as: None,
        class: QueryClass::Load,
    };
    /// Sleeps whether or not there is such a row.
    const SLEEP: Statement = Statement {
        sql: "SELECT version, checksum, body FROM items WHERE id = (SELECT $1::bigint FROM pg_sleep($2))",
        counted_as: None,
        class: QueryClass::Load,
    };
    const POINT_MANY: Statement = Statement {
        sql: "SELECT id, version, checksum, body FROM items WHERE id = ANY($1)",
        counted_as: None,
        class: QueryClass::Load,
    };
    const AGGREGATE_MANY: Statement = Statement {
        sql: "SELECT i.id, i.version, i.checksum, i.body, sum(p.quantity * p.price) FROM items i \
              LEFT JOIN item_parts p ON p.item_id = i.id WHERE i.id = ANY($1) GROUP BY i.id",
        counted_as: None,
        class: QueryClass::Load,
    };
    /// Sleeps once, however many rows, also where there is none.
    const SLEEP_MANY: Statement = Statement {
        sql: "SELECT id, version, checksum, body FROM items \
              WHERE id = ANY((SELECT $1::bigint[] FROM pg_sleep($2))::bigint[])",
        counted_as: None,
        class: QueryClass::Load,
    };
    pub(super) const VERSION: Statement = Statement {
        sql: "SELECT version FROM items WHERE id = $1",
        counted_as: None,
        class: QueryClass::Load,
    };
    /// A deletion is an update that leaves no body: the row keeps its place in the order of versions.
    pub(super) const UPDATE: Statement = Statement {
        sql: "UPDATE items SET version = version + 1, checksum = $2, body = $3 WHERE id = $1 AND body IS NOT NULL \
              RETURNING version",
        counted_as: Some(
            "UPDATE items SET version = version + $4, checksum = $2, body = $3 WHERE id = $1 AND body IS NOT NULL \
             RETURNING version",
        ),
        class: QueryClass::Write,
    };
    pub(super) const INSERT: Statement = Statement {
        sql: "INSERT INTO items (id, version, checksum, body) VALUES ($1, 1, $2, $3) ON CONFLICT (id) DO UPDATE \
              SET version = items.version + 1, checksum = excluded.checksum, body = excluded.body RETURNING version",
        counted_as: Some(
            "INSERT INTO items (id, version, checksum, body) VALUES ($1, $4, $2, $3) ON CONFLICT (id) DO UPDATE \
             SET version = items.version + $5, checksum = excluded.checksum, body = excluded.body RETURNING version",
        ),
        class: QueryClass::Write,
    };
    /// The guard makes storing idempotent: an older version than the row's own changes nothing. The arrays are
    /// in the order of the ids, so that two instances that flush the same rows do not deadlock.
    pub(super) const STORE: Statement = Statement {
        sql: "INSERT INTO items (id, version, checksum, body) \
              SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[]) \
              ON CONFLICT (id) DO UPDATE SET version = excluded.version, checksum = excluded.checksum, \
              body = excluded.body WHERE items.version < excluded.version",
        counted_as: None,
        class: QueryClass::Flush,
    };

    /// As in the article: whatever the level was, and whoever wrote it.
    pub(super) const SET_LEVEL: Statement = Statement {
        sql: "UPDATE stock SET level = $2 WHERE sku = $1",
        counted_as: None,
        class: QueryClass::Write,
    };
    pub(super) const SET_LEVEL_IF_NEWER: Statement = Statement {
        sql: "UPDATE stock SET level = $2, version = $3 WHERE sku = $1 AND version < $3",
        counted_as: None,
        class: QueryClass::Write,
    };
    /// One statement is a transaction of its own: the row is locked, looked at and changed in one round trip, and
    /// no lock waits for a client. Who waited for the lock sees the level as it is by then.
    pub(super) const DECREMENT: Statement = Statement {
        sql: "WITH held AS (SELECT sku, level FROM stock WHERE sku = $1 FOR UPDATE) \
              UPDATE stock SET level = stock.level - $2, version = version + 1 FROM held \
              WHERE stock.sku = held.sku AND held.level >= $2 RETURNING stock.level",
        counted_as: Some(
            "WITH held AS (SELECT sku, level FROM stock WHERE sku = $1 FOR UPDATE) \
             UPDATE stock SET level = stock.level - $2, version = version + $3 FROM held \
             WHERE stock.sku = held.sku AND held.level >= $2 RETURNING stock.level",
        ),
        class: QueryClass::Write,
    };
    pub(super) const OPEN_OUTBOX: Statement = Statement {
        sql: "INSERT INTO outbox_positions (outbox, seq) VALUES ($1, 0) ON CONFLICT (outbox) DO NOTHING",
        counted_as: Some(
            "INSERT INTO outbox_positions (outbox, seq) VALUES ($1, $2) ON CONFLICT (outbox) DO NOTHING",
        ),
        class: QueryClass::Flush,
    };
    /// The lock of the position comes first, so that of two who apply the same intents the second sees where the
    /// first got to. Rows are locked in the order of their ids, so that two outboxes do not deadlock.
    pub(super) const APPLY: Statement = Statement {
        sql: "WITH known AS (SELECT seq FROM outbox_positions WHERE outbox = $1 FOR UPDATE), \
              moved AS (UPDATE outbox_positions SET seq = $2 FROM known WHERE outbox = $1 AND known.seq < $2), \
              sold AS (SELECT intent.sku, sum(intent.units)::bigint AS units FROM known, \
              unnest($3::bigint[], $4::bigint[], $5::bigint[]) AS intent (seq, sku, units) \
              WHERE intent.seq > known.seq GROUP BY intent.sku), \
              held AS (SELECT stock.sku, sold.units FROM stock JOIN sold ON stock.sku = sold.sku \
              ORDER BY stock.sku FOR UPDATE OF stock), \
              taken AS (UPDATE stock SET level = greatest(stock.level - held.units, 0), version = version + 1 \
              FROM held WHERE stock.sku = held.sku) \
              SELECT count(*) FROM known",
        counted_as: Some(
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
        ),
        class: QueryClass::Flush,
    };
    /// Sent before and after a load, and by no load.
    pub(super) const LEVELS: Statement = Statement {
        sql: "SELECT sku, level, version FROM stock WHERE sku >= $1 AND sku < $2 ORDER BY sku",
        counted_as: None,
        class: QueryClass::Load,
    };

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
        loads.into_iter().chain(rows).chain(stock).collect()
    }

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

/// Version, checksum and body of a row; no body is a deletion.
type Stored = (i64, i64, Option<Vec<u8>>);
/// The same, after its id.
type StoredWithId = (i64, i64, i64, Option<Vec<u8>>);

/// What loading a row costs the database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(transform = allow_bare_names)]
pub enum Query {
    /// By primary key.
    Point {},
    /// A join of the row with its parts, summed up.
    Aggregate {
        /// Parts of each row.
        #[serde(default = "default_parts")]
        #[schemars(range(min = 1, max = 1000))]
        parts: u32,
    },
    /// By primary key, and the connection is held for this long.
    Sleep(Time),
}

impl Serialize for Query {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Query::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Query {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Query, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Query;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("point, aggregate, or a table with one query shape")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Query, E> {
                match name {
                    "point" => Ok(Query::Point {}),
                    "aggregate" => Ok(Query::Aggregate { parts: default_parts() }),
                    _ => Err(E::unknown_variant(name, &["point", "aggregate", "sleep"])),
                }
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Query, A::Error> {
                Query::deserialize(de::value::MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Adds the shapes that need no options by their bare names.
fn allow_bare_names(schema: &mut Schema) {
    if let Some(Json::Array(shapes)) = schema.get_mut("oneOf") {
        for name in ["point", "aggregate"] {
            shapes.push(json!({ "type": "string", "const": name }));
        }
    }
}

fn default_parts() -> u32 {
    8
}

impl Default for Query {
    fn default() -> Query {
        Query::Point {}
    }
}

impl Query {
    pub(super) fn load_statement(&self) -> Statement {
        match self {
            Query::Point {} => Statement::POINT,
            Query::Aggregate { .. } => Statement::AGGREGATE,
            Query::Sleep(_) => Statement::SLEEP,
        }
    }

    fn load_many_statement(&self) -> Statement {
        match self {
            Query::Point {} => Statement::POINT_MANY,
            Query::Aggregate { .. } => Statement::AGGREGATE_MANY,
            Query::Sleep(_) => Statement::SLEEP_MANY,
        }
    }

    /// Rows in the table of parts for each item.
    pub fn parts(&self) -> u32 {
        match self {
            Query::Aggregate { parts } => *parts,
            _ => 0,
        }
    }

    pub(super) fn load<'a>(&self, id: i64) -> QueryAs<'a, Postgres, Stored, PgArguments> {
        let query = sqlx::query_as(self.load_statement().sql).bind(id);
        match self {
            Query::Sleep(time) => query.bind(time.0.as_secs_f64()),
            _ => query,
        }
    }

    pub(super) fn load_many<'a>(&self, ids: Vec<i64>) -> QueryAs<'a, Postgres, StoredWithId, PgArguments> {
        let query = sqlx::query_as(self.load_many_statement().sql).bind(ids);
        match self {
            Query::Sleep(time) => query.bind(time.0.as_secs_f64()),
            _ => query,
        }
    }
}
