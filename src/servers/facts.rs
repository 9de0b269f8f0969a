use std::collections::BTreeMap;

use redis::ErrorKind;

use super::connection::{self, failure};
use super::error::ServerError;
use super::info::Info;
use crate::store::Endpoint;

/// Lines of Redis' INFO server, as they are recorded.
const INFO: &[&str] = &["redis_version", "valkey_version", "redis_mode"];

/// Patterns of CONFIG GET.
const CONFIG: &[&str] = &[
    "maxmemory",
    "maxmemory-policy",
    "maxmemory-samples",
    "appendonly",
    "save",
    "io-threads",
    "hz",
    "lfu-*",
    "lazyfree-*",
];

const SETTINGS: &[&str] = &[
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "max_connections",
    "wal_level",
    "autovacuum",
    "checkpoint_timeout",
    "jit",
    "shared_preload_libraries",
];

/// What a result records about a Redis: `server` (redis or valkey), its version, and the settings that shape
/// a run.
///
/// A server that refuses CONFIG, as hosted ones do, is described without its settings, and one that refuses INFO
/// without its version.
///
/// # Errors
/// When the server cannot be reached.
pub async fn redis_facts(at: &Endpoint) -> Result<BTreeMap<String, String>, ServerError> {
    let mut connection = connection::redis(at).await?;
    let info = match redis::cmd("INFO").arg("server").query_async::<String>(&mut connection).await {
        Ok(info) => Some(info),
        Err(error) if is_refusal(&error) => None,
        Err(error) => return Err(failure(&at.url, &error)),
    };
    let mut facts =
        info.map_or_else(|| [("server".into(), "redis".into())].into(), |info| facts_of_info(&info));
    for pattern in CONFIG {
        match redis::cmd("CONFIG").arg("GET").arg(pattern).query_async(&mut connection).await {
            Ok(settings) => facts.extend::<BTreeMap<String, String>>(settings),
            Err(error) if is_refusal(&error) => break,
            Err(error) => return Err(failure(&at.url, &error)),
        }
    }
    Ok(facts)
}

/// Whether the server answered that it will not.
pub(super) fn is_refusal(error: &redis::RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
}

fn facts_of_info(info: &str) -> BTreeMap<String, String> {
    let info = Info::read(info);
    let kept = INFO.iter().filter_map(|name| Some((name.to_string(), info.text(name)?.to_string())));
    let server = if info.text("valkey_version").is_some() { "valkey" } else { "redis" };
    kept.chain([("server".to_string(), server.to_string())]).collect()
}

/// What a result records about a Postgres: `version`, and the settings that shape a run.
///
/// A setting that our role may not read is left out.
///
/// # Errors
/// When the server cannot be reached.
pub async fn postgres_facts(url: &str) -> Result<BTreeMap<String, String>, ServerError> {
    let mut connection = connection::postgres(url).await?;
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY($1)
         UNION ALL SELECT 'version', current_setting('server_version')",
    )
    .bind(SETTINGS)
    .fetch_all(&mut connection)
    .await
    .map_err(|error| failure(url, &error))?;
    Ok(rows.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valkey_is_told_by_its_own_version() {
        let facts = facts_of_info(
            "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.2\r\n",
        );
        assert_eq!(facts["server"], "valkey");
        assert_eq!((&*facts["valkey_version"], &*facts["redis_version"]), ("9.1.2", "7.2.4"));
        assert_eq!(facts_of_info("redis_version:7.0.15\r\n")["server"], "redis");
    }
}
