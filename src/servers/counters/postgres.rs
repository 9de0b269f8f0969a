use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, PgConnection};

use super::grown;
use crate::servers::connection::{self, failure};
use crate::servers::error::ServerError;
use crate::store::postgres::SCHEMA as OURS;

/// SQLSTATE of a view whose library was not preloaded, and of a statement that our role may not run.
const UNAVAILABLE: [&str; 2] = ["55000", "42501"];

/// What a database has done since its statistics began, or, after [`PostgresCounters::since`], between two
/// readings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostgresCounters {
    /// Calls of each statement by its text, which is exactly what the client sent unless it holds constants:
    /// those Postgres turns into parameters.
    pub calls: BTreeMap<String, u64>,
    /// How often statements were forgotten for want of room; above zero, `calls` is incomplete. Postgres 14
    /// and newer.
    pub deallocated: u64,
}

impl PostgresCounters {
    /// Reads pg_stat_statements for the database of `url`, making the extension if its library is preloaded
    /// and our role may; nothing where that is impossible.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn read(url: &str) -> Result<Option<PostgresCounters>, ServerError> {
        let mut connection = connection::postgres(url).await?;
        match read(&mut connection).await {
            Ok(counters) => Ok(counters),
            Err(sqlx::Error::Database(error))
                if error.code().is_some_and(|code| UNAVAILABLE.contains(&&*code)) =>
            {
                Ok(None)
            }
            Err(error) => Err(failure(url, &error)),
        }
    }

    /// What was done between `before` and this reading.
    pub fn since(&self, before: &PostgresCounters) -> PostgresCounters {
        PostgresCounters {
            calls: grown(&self.calls, &before.calls),
            deallocated: self.deallocated.saturating_sub(before.deallocated),
        }
    }
}

async fn read(connection: &mut PgConnection) -> Result<Option<PostgresCounters>, sqlx::Error> {
    let Some(schema) = schema_of_extension(connection).await? else { return Ok(None) };
    let statement = format!(
        "SELECT query, sum(calls)::bigint FROM {schema}.pg_stat_statements
         WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query IS NOT NULL
         GROUP BY query"
    );
    let rows: Vec<(String, i64)> =
        sqlx::query_as(AssertSqlSafe(statement)).fetch_all(&mut *connection).await?;
    let counted: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(format!("{schema}.pg_stat_statements_info"))
        .fetch_one(&mut *connection)
        .await?;
    let deallocated: i64 = if counted {
        let statement = format!("SELECT dealloc FROM {schema}.pg_stat_statements_info");
        sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(connection).await?
    } else {
        0
    };
    Ok(Some(PostgresCounters {
        calls: rows.into_iter().map(|(query, calls)| (query, calls.unsigned_abs())).collect(),
        deallocated: deallocated.unsigned_abs(),
    }))
}

/// The quoted schema that holds the extension, which is made if it can be.
async fn schema_of_extension(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    const SCHEMA: &str =
        "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
                          WHERE e.extname = 'pg_stat_statements'";
    let found: Option<String> = sqlx::query_scalar(SCHEMA).fetch_optional(&mut *connection).await?;
    if found.is_some() {
        return Ok(found);
    }
    // Without the right to see the setting there is none to make an extension either.
    let preloaded: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pg_settings
                        WHERE name = 'shared_preload_libraries' AND setting LIKE '%pg_stat_statements%')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if !preloaded {
        return Ok(None);
    }
    // In our own schema where there is one, so that it goes when we leave.
    let ours: bool = sqlx::query_scalar("SELECT to_regnamespace($1) IS NOT NULL")
        .bind(OURS)
        .fetch_one(&mut *connection)
        .await?;
    let place = if ours { format!("SCHEMA {OURS}") } else { String::new() };
    let create = format!("CREATE EXTENSION IF NOT EXISTS pg_stat_statements {place}");
    sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut *connection).await?;
    sqlx::query_scalar(SCHEMA).fetch_optional(connection).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_what_ran_in_between() {
        let reading = |calls: u64| PostgresCounters {
            calls: BTreeMap::from([("SELECT $1".into(), calls), ("COMMIT".into(), 4)]),
            deallocated: 0,
        };
        assert_eq!(reading(9).since(&reading(2)).calls, BTreeMap::from([("SELECT $1".into(), 7)]));
    }
}
