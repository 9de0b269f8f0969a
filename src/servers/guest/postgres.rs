use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::servers::connection::{self, failure};
use crate::servers::error::ServerError;
use crate::servers::redact;

/// The comment on a schema that says it is ours to drop.
const MARK: &str = "created by cachebench";

/// Tables that belong neither to Postgres, nor to an extension, nor to a schema of ours.
const FOREIGN_TABLES: &str = "
    SELECT count(*), min(n.nspname || '.' || c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'm')
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', $1)
      AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'
      AND obj_description(n.oid, 'pg_namespace') IS DISTINCT FROM $2
      AND NOT EXISTS (SELECT 1 FROM pg_depend d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

const COMMENT_ON_SCHEMA: &str =
    "SELECT coalesce(obj_description(oid, 'pg_namespace'), '') FROM pg_namespace WHERE nspname = $1";

/// Sees that the database holds nothing of others, and makes `schema`, marked as ours, unless it is there
/// already.
///
/// # Errors
/// When the server cannot be reached; when the database has foreign tables and `allow_foreign` is not given; and, with
/// or without it, when a schema of this name bears no mark of ours.
pub async fn admit_postgres(url: &str, schema: &str, allow_foreign: bool) -> Result<(), ServerError> {
    refuse_empty(schema)?;
    let mut connection = connection::postgres(url).await?;
    let marked = is_marked(&mut connection, url, schema).await?;
    if marked == Some(false) {
        return Err(ServerError::ForeignSchema { url: redact(url), schema: schema.into() });
    }
    if !allow_foreign {
        refuse_foreign_tables(&mut connection, url, schema).await?;
    }
    if marked.is_none() {
        let name = quoted(schema);
        // Both or neither: a schema without its mark would lock the next run out.
        run(&mut connection, url, format!("CREATE SCHEMA {name}; COMMENT ON SCHEMA {name} IS '{MARK}'"))
            .await?;
    }
    Ok(())
}

/// Drops `schema` and all in it if it bears our mark; says whether it did.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn leave_postgres(url: &str, schema: &str) -> Result<bool, ServerError> {
    refuse_empty(schema)?;
    let mut connection = connection::postgres(url).await?;
    let ours = is_marked(&mut connection, url, schema).await? == Some(true);
    if ours {
        run(&mut connection, url, format!("DROP SCHEMA {} CASCADE", quoted(schema))).await?;
    }
    Ok(ours)
}

/// Whether the schema bears our mark; nothing if there is no such schema.
async fn is_marked(
    connection: &mut PgConnection,
    url: &str,
    schema: &str,
) -> Result<Option<bool>, ServerError> {
    let comment: Option<String> = sqlx::query_scalar(COMMENT_ON_SCHEMA)
        .bind(schema)
        .fetch_optional(connection)
        .await
        .map_err(|error| failure(url, &error))?;
    Ok(comment.map(|comment| comment == MARK))
}

async fn refuse_foreign_tables(
    connection: &mut PgConnection,
    url: &str,
    schema: &str,
) -> Result<(), ServerError> {
    let (tables, example): (i64, Option<String>) = sqlx::query_as(FOREIGN_TABLES)
        .bind(schema)
        .bind(MARK)
        .fetch_one(connection)
        .await
        .map_err(|error| failure(url, &error))?;
    match example {
        None => Ok(()),
        Some(example) => Err(ServerError::ForeignTables {
            url: redact(url),
            tables: tables.unsigned_abs(),
            schema: schema.into(),
            example,
        }),
    }
}

/// Runs statements in one transaction.
async fn run(connection: &mut PgConnection, url: &str, statements: String) -> Result<(), ServerError> {
    let work = async {
        let mut transaction = connection.begin().await?;
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut *transaction).await?;
        transaction.commit().await
    };
    work.await.map_err(|error| failure(url, &error))
}

fn refuse_empty(schema: &str) -> Result<(), ServerError> {
    if schema.is_empty() { Err(ServerError::EmptyName("the schema")) } else { Ok(()) }
}

/// The name as an identifier, whatever it holds.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_its_own_quotes() {
        assert_eq!(quoted("a\"; DROP SCHEMA b; --"), "\"a\"\"; DROP SCHEMA b; --\"");
    }
}
