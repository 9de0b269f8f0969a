use std::time::{Duration, Instant};

use crate::servers::connection::{self, failure};
use crate::servers::error::ServerError;
use crate::store::postgres::SCHEMA as OURS;

/// How long connections that were closed may take to be gone.
const GOING: Duration = Duration::from_secs(5);

/// Rows that statements have read from our tables so far, whether or not they were wanted: by scans of tables and of
/// indexes (PostgreSQL, "The Cumulative Statistics System"). A backend counts in when it ends, so that every other
/// connection of ours has to be closed; nothing where one stays, or the server does not tell.
///
/// # Errors
/// When the server cannot be reached.
pub async fn rows_read(url: &str) -> Result<Option<u64>, ServerError> {
    const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cachebench'
        AND usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()";
    const READ: &str = "SELECT (sum(seq_tup_read) + sum(coalesce(idx_tup_fetch, 0)))::bigint
        FROM pg_stat_user_tables WHERE schemaname = $1";
    let mut connection = connection::postgres(url).await?;
    let failed = |error: sqlx::Error| failure(url, &error);
    let deadline = Instant::now() + GOING;
    loop {
        let others: i64 = sqlx::query_scalar(OTHERS).fetch_one(&mut connection).await.map_err(failed)?;
        if others == 0 {
            break;
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let read: Option<i64> =
        sqlx::query_scalar(READ).bind(OURS).fetch_one(&mut connection).await.map_err(failed)?;
    Ok(read.map(i64::unsigned_abs))
}
