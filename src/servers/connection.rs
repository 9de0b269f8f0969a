use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::timeout;

use super::error::ServerError;
use super::secrets::{redact, scrub};
use crate::store::Endpoint;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// For what we ask around a run; nothing here is measured.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// A connection for questions around a run, not for its traffic; of a cluster, to the first of the nodes named that
/// answers.
///
/// # Errors
/// When the URL is malformed, or the server does not let us in within 5 s.
pub(super) async fn redis(at: &Endpoint) -> Result<MultiplexedConnection, ServerError> {
    let mut problem = None;
    for node in at.nodes().map_err(|error| failure(&at.url, &error))? {
        match one(&node).await {
            Ok(connection) => return Ok(connection),
            Err(error) => problem = problem.or(Some(error)),
        }
    }
    Err(problem.unwrap_or_else(|| failure(&at.url, &"it names no node")))
}

async fn one(at: &Endpoint) -> Result<MultiplexedConnection, ServerError> {
    let failed = |problem: &dyn Display| failure(&at.url, problem);
    let client = at.redis().map_err(|error| failed(&error))?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_LIMIT))
        .set_response_timeout(Some(ANSWER_LIMIT));
    let connect = client.get_multiplexed_async_connection_with_config(&config);
    match timeout(CONNECT_LIMIT, connect).await {
        Ok(connected) => connected.map_err(|error| failed(&error)),
        Err(_) => Err(failed(&NO_ANSWER)),
    }
}

/// As [`redis`], to Postgres.
///
/// # Errors
/// As for [`redis`].
pub(super) async fn postgres(url: &str) -> Result<PgConnection, ServerError> {
    let options = PgConnectOptions::from_str(url).map_err(|error| failure(url, &error))?;
    let options = options.application_name("cachebench").disable_statement_logging();
    match timeout(CONNECT_LIMIT, PgConnection::connect_with(&options)).await {
        Ok(connected) => connected.map_err(|error| failure(url, &error)),
        Err(_) => Err(failure(url, &NO_ANSWER)),
    }
}

const NO_ANSWER: &str = "no answer within 5 s; check the address, and that the server lets this machine in";

/// What went wrong at `url`, without its password, and the way out where TLS is the reason.
pub(super) fn failure(url: &str, problem: &dyn Display) -> ServerError {
    let problem = scrub(&problem.to_string(), url);
    let hint = hint(url, &problem).map_or(String::new(), |hint| format!("; {hint}"));
    ServerError::Server { url: redact(url), problem: problem + &hint }
}

/// What to write instead, told by the words of rustls and of the drivers.
fn hint(url: &str, problem: &str) -> Option<&'static str> {
    let says = |words: &[&str]| words.iter().any(|word| problem.contains(word));
    let postgres = url.starts_with("postgres");
    if says(&["UnknownIssuer", "CaUsedAsEndEntity"]) {
        Some(match postgres {
            true => {
                "nobody we trust has signed its certificate: name the CA with sslrootcert=FILE in the URL"
            }
            false => {
                "nobody we trust has signed its certificate: name the CA with cache.tls = { ca = \"FILE\" }"
            }
        })
    } else if says(&["CertificateRequired", "certificate required"]) {
        Some(match postgres {
            true => "it wants a certificate of ours: sslcert=FILE and sslkey=FILE in the URL",
            false => "it wants a certificate of ours: cache.tls = { certificate = \"FILE\", key = \"FILE\" }",
        })
    } else if postgres && says(&["no encryption"]) {
        Some("it wants an encrypted connection: sslmode=require or sslmode=verify-full in the URL")
    } else if says(&["UnknownCA"]) {
        Some("it does not know who has signed our certificate")
    } else if url.starts_with("rediss://") && says(&["InvalidContentType", "corrupt message"]) {
        Some("it does not seem to speak TLS: write redis://")
    } else if url.starts_with("rediss://") && says(&["timed out"]) {
        Some("if it does not speak TLS, write redis://")
    } else if postgres && says(&["does not support TLS"]) {
        Some("leave sslmode out of the URL, or turn ssl on there")
    } else if says(&["Connection refused"]) {
        Some("is a server running there? Without a URL, cachebench starts one of its own")
    } else if says(&["uthentication failed", "WRONGPASS", "NOAUTH"]) {
        Some("check the user and the password in the URL")
    } else if postgres && says(&["role ", "database "]) && says(&["does not exist"]) {
        Some("create it, or name another in the URL")
    } else if url.starts_with("redis://")
        && says(&["reset", "closed", "terminated", "roken pipe", "end of file"])
    {
        Some("if it speaks TLS, write rediss://")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_refused_connection_is_told_without_the_password() {
        for url in [
            "redis://me:hunter2@127.0.0.1:1/0",
            "redis://me:hunter2@127.0.0.1:port",
            "redis+cluster://me:hunter2@127.0.0.1:1,127.0.0.1:2",
        ] {
            let refused = redis(&url.into()).await.err().unwrap().to_string();
            assert!(!refused.contains("hunter2"), "{refused}");
        }
        for url in ["postgres://me:hunter2@127.0.0.1:1/db", "postgres://me:hunter2@127.0.0.1:port/db"] {
            let refused = postgres(url).await.err().unwrap().to_string();
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn a_problem_that_repeats_the_password_is_told_without_it() {
        let told = failure("postgres://me:hunter2@host/db", &"no role me with hunter2").to_string();
        assert!(told.contains("no role me with ***") && !told.contains("hunter2"), "{told}");
    }
}
