use redis::aio::MultiplexedConnection;

use super::scan::{BATCH, Scan, unlink};
use crate::servers::connection::{self, failure};
use crate::servers::error::ServerError;
use crate::servers::redact;
use crate::store::Endpoint;

/// How many keys we look at before a database that shows only ours counts as ours.
const LOOKED_AT: usize = 100_000;

/// Sees that the database at an address is empty or holds only keys that begin with `prefix`.
///
/// # Errors
/// When the server cannot be reached, or holds foreign keys and `allow_foreign` is not given.
pub async fn admit_redis(at: &Endpoint, prefix: &str, allow_foreign: bool) -> Result<(), ServerError> {
    refuse_empty(prefix)?;
    let mut connection = connection::redis(at).await?;
    let asked = redis::cmd("DBSIZE").query_async(&mut connection).await;
    let keys: u64 = asked.map_err(|error| failure(&at.url, &error))?;
    if allow_foreign || keys == 0 || all_ours(&connection, at, prefix).await? {
        return Ok(());
    }
    Err(ServerError::ForeignKeys { url: redact(&at.url), keys, prefix: prefix.into() })
}

/// Removes the keys that begin with `prefix`, and nothing else; says how many there were.
///
/// # Errors
/// When the server cannot be reached or refuses the commands.
pub async fn leave_redis(at: &Endpoint, prefix: &str) -> Result<u64, ServerError> {
    refuse_empty(prefix)?;
    let mut connection = connection::redis(at).await?;
    let mut scan = Scan::new(&connection, at, prefix);
    let mut removed = 0;
    while let Some(names) = scan.next().await? {
        removed += unlink(&mut connection, at, &names).await?;
    }
    Ok(removed)
}

async fn all_ours(
    connection: &MultiplexedConnection,
    at: &Endpoint,
    prefix: &str,
) -> Result<bool, ServerError> {
    let mut scan = Scan::new(connection, at, "");
    let mut seen = 0;
    while seen < LOOKED_AT
        && let Some(names) = scan.next().await?
    {
        if names.iter().any(|name| !name.starts_with(prefix.as_bytes())) {
            return Ok(false);
        }
        seen += BATCH;
    }
    Ok(true)
}

pub(super) fn refuse_empty(prefix: &str) -> Result<(), ServerError> {
    if prefix.is_empty() { Err(ServerError::EmptyName("the key prefix")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_empty_prefix_is_refused_before_the_server_is_asked() {
        assert!(matches!(
            leave_redis(&"redis://127.0.0.1:1".into(), "").await,
            Err(ServerError::EmptyName(_))
        ));
    }
}
