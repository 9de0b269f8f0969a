use redis::aio::MultiplexedConnection;

use crate::servers::connection::{self, failure};
use crate::servers::error::ServerError;
use crate::store::Endpoint;

/// How many keys we look at before a database that shows only ours counts as ours.
const LOOKED_AT: usize = 100_000;
pub(super) const BATCH: usize = 1_000;

/// Sees that the database at an address is empty or holds only keys that begin with `prefix`.
///
/// # Errors
/// When the server cannot be reached, or holds foreign keys and `allow_foreign` is not given.
pub async fn admit_redis(at: &Endpoint, prefix: &str, allow_foreign: bool) -> Result<(), ServerError> {
    refuse_empty(prefix)?;
    let mut connection = connection::redis(at).await?;
    let keys: u64 = ask(&mut connection, at, &redis::cmd("DBSIZE")).await?;
    if allow_foreign || keys == 0 || all_ours(&mut connection, at, prefix).await? {
        return Ok(());
    }
    Err(ServerError::ForeignKeys { url: crate::servers::redact(&at.url), keys, prefix: prefix.into() })
}

/// Removes the keys that begin with `prefix`, and nothing else; says how many there were.
///
/// # Errors
/// When the server cannot be reached or refuses the commands.
pub async fn leave_redis(at: &Endpoint, prefix: &str) -> Result<u64, ServerError> {
    refuse_empty(prefix)?;
    let mut connection = connection::redis(at).await?;
    let pattern = format!("{}*", escaped(prefix));
    let mut removed = 0;
    let mut cursor = 0;
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(BATCH);
        let (next, keys): (u64, Vec<Vec<u8>>) = ask(&mut connection, at, &scan).await?;
        // One command a key, for on a node of a cluster a command may not span slots.
        let mut batch = redis::pipe();
        for key in keys.iter().filter(|key| key.starts_with(prefix.as_bytes())) {
            batch.cmd("UNLINK").arg(key);
        }
        if batch.cmd_iter().next().is_some() {
            let counts: Vec<u64> =
                batch.query_async(&mut connection).await.map_err(|error| failure(&at.url, &error))?;
            removed += counts.iter().sum::<u64>();
        }
        if next == 0 {
            return Ok(removed);
        }
        cursor = next;
    }
}

async fn all_ours(
    connection: &mut MultiplexedConnection,
    at: &Endpoint,
    prefix: &str,
) -> Result<bool, ServerError> {
    let mut seen = 0;
    let mut cursor = 0;
    while seen < LOOKED_AT {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("COUNT").arg(BATCH);
        let (next, keys): (u64, Vec<Vec<u8>>) = ask(connection, at, &scan).await?;
        if keys.iter().any(|key| !key.starts_with(prefix.as_bytes())) {
            return Ok(false);
        }
        if next == 0 {
            break;
        }
        seen += BATCH;
        cursor = next;
    }
    Ok(true)
}

pub(super) async fn ask<T: redis::FromRedisValue>(
    connection: &mut MultiplexedConnection,
    at: &Endpoint,
    command: &redis::Cmd,
) -> Result<T, ServerError> {
    command.query_async(connection).await.map_err(|error| failure(&at.url, &error))
}

pub(super) fn refuse_empty(prefix: &str) -> Result<(), ServerError> {
    if prefix.is_empty() { Err(ServerError::EmptyName("the key prefix")) } else { Ok(()) }
}

/// The prefix as a pattern that matches only itself.
pub(super) fn escaped(prefix: &str) -> String {
    let mut pattern = String::new();
    for letter in prefix.chars() {
        if r"*?[]\^-".contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_matches_only_itself() {
        assert_eq!(escaped("cb:[x]*?\\"), r"cb:\[x\]\*\?\\");
        assert_eq!(escaped("cachebench:7:"), "cachebench:7:");
    }

    #[tokio::test]
    async fn an_empty_prefix_is_refused_before_the_server_is_asked() {
        assert!(matches!(
            leave_redis(&"redis://127.0.0.1:1".into(), "").await,
            Err(ServerError::EmptyName(_))
        ));
    }
}
