use std::fmt::Display;
use std::pin::pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use redis::{RedisError, Value};
use tokio::time::{Instant, sleep_until, timeout};

use crate::cli::exit::{Exit, Failure};
use crate::engine::Stop;
use crate::servers::redact;
use crate::store::Endpoint;
use crate::traffic::traces::TraceError;

/// Why a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The taker of lines has enough.
    Full,
    TimeUp,
    Stopped,
    /// By the server, or on the way to it.
    Lost,
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Gives every line that the server's MONITOR prints to `take`, until that says no, the time is up or a stop is asked
/// for. `began` is called once the server has agreed.
///
/// # Errors
/// That of `take`; and when the server cannot be reached or does not agree, without its password.
pub async fn watch(
    url: &str,
    length: Option<Duration>,
    stop: &Stop,
    began: impl FnOnce(),
    mut take: impl FnMut(&[u8]) -> Result<bool, TraceError>,
) -> Result<End, Failure> {
    let failed = |error: &dyn Display| Failure::new(Exit::Environment, format!("{}: {error}", redact(url)));
    let lines = match timeout(CONNECT_TIMEOUT, monitor(url)).await {
        Ok(lines) => lines.map_err(|error| failed(&error))?,
        Err(_) => return Err(failed(&format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()))),
    };
    began();
    let mut lines = pin!(lines);
    let mut stopped = pin!(stop.requested());
    // A length beyond what a clock can tell is none.
    let end = length.and_then(|length| Instant::now().checked_add(length));
    let mut time_up = pin!(async {
        match end {
            Some(end) => sleep_until(end).await,
            None => std::future::pending().await,
        }
    });
    loop {
        let line = tokio::select! {
            biased;
            () = &mut stopped => return Ok(End::Stopped),
            () = &mut time_up => return Ok(End::TimeUp),
            line = lines.next() => line,
        };
        let goes_on = match line {
            Some(Value::SimpleString(line)) => take(line.as_bytes())?,
            Some(Value::BulkString(line)) => take(&line)?,
            // Nothing else is a line; the answer to MONITOR is one that has been taken.
            Some(_) => true,
            None => return Ok(End::Lost),
        };
        if !goes_on {
            return Ok(End::Full);
        }
    }
}

/// A connection of its own, on which the server prints every command that it is sent.
async fn monitor(url: &str) -> Result<impl Stream<Item = Value>, RedisError> {
    let client = Endpoint::from(url).redis()?;
    Ok(client.get_async_monitor().await?.into_on_message())
}
