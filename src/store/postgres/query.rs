use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Value as Json, json};
use sqlx::postgres::PgArguments;
use sqlx::query::QueryAs;

use super::Statement;
use crate::model::Time;

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
        /// Whether the parts of a row are found by an index; without it, all parts of all rows are read for each row.
        #[serde(default = "indexed", skip_serializing_if = "is_indexed")]
        indexed: bool,
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
                    "aggregate" => Ok(Query::Aggregate { parts: default_parts(), indexed: true }),
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

fn indexed() -> bool {
    true
}

fn is_indexed(indexed: &bool) -> bool {
    *indexed
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

    pub(super) fn load_many_statement(&self) -> Statement {
        match self {
            Query::Point {} => Statement::POINT_MANY,
            Query::Aggregate { .. } => Statement::AGGREGATE_MANY,
            Query::Sleep(_) => Statement::SLEEP_MANY,
        }
    }

    /// Rows in the table of parts for each item.
    pub fn parts(&self) -> u32 {
        match self {
            Query::Aggregate { parts, .. } => *parts,
            _ => 0,
        }
    }

    /// Whether the parts of an item are found by an index.
    pub(super) fn is_indexed(&self) -> bool {
        !matches!(self, Query::Aggregate { indexed: false, .. })
    }

    pub(super) fn load<'a>(&self, id: i64) -> QueryAs<'a, sqlx::Postgres, Stored, PgArguments> {
        let query = sqlx::query_as(self.load_statement().sql()).bind(id);
        match self {
            Query::Sleep(time) => query.bind(time.0.as_secs_f64()),
            _ => query,
        }
    }

    pub(super) fn load_many<'a>(
        &self,
        ids: Vec<i64>,
    ) -> QueryAs<'a, sqlx::Postgres, StoredWithId, PgArguments> {
        let query = sqlx::query_as(self.load_many_statement().sql()).bind(ids);
        match self {
            Query::Sleep(time) => query.bind(time.0.as_secs_f64()),
            _ => query,
        }
    }
}
