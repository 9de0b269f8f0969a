use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use super::error::ServerError;
use super::port;
use super::process::Process;

/// How often a server may lose its port to another process before that is an error.
const ATTEMPTS: u32 = 5;
const POLL: Duration = Duration::from_millis(10);

/// Starts a server on a free port, and on another one if some process was quicker.
///
/// # Errors
/// Those of `start`.
pub(super) fn on_free_port<T>(start: impl Fn(u16) -> Result<T, ServerError>) -> Result<T, ServerError> {
    let mut attempt = 1;
    loop {
        match start(port::free()?) {
            Err(error) if error.port_was_taken() && attempt < ATTEMPTS => attempt += 1,
            answer => return answer,
        }
    }
}

/// Waits until `ready` says so.
///
/// # Errors
/// When the process ends before, or `limit` passes; both carry the end of its log.
pub(super) fn wait_until_ready(
    server: &'static str,
    process: &Process,
    limit: Duration,
    ready: impl Fn() -> bool,
) -> Result<(), ServerError> {
    let deadline = Instant::now() + limit;
    loop {
        if !process.is_alive() {
            return Err(ServerError::Ended { server, log: process.log_tail() });
        }
        if ready() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(ServerError::NotReady { server, limit, log: process.log_tail() });
        }
        thread::sleep(POLL);
    }
}

/// Refuses settings on which the safety of a managed server rests.
///
/// # Errors
/// Names the first such setting.
pub(super) fn refuse_reserved(
    server: &'static str,
    settings: &BTreeMap<String, String>,
    reserved: &[&str],
) -> Result<(), ServerError> {
    match settings.keys().find(|name| reserved.contains(&name.to_ascii_lowercase().as_str())) {
        Some(name) => Err(ServerError::Reserved { server, setting: name.clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_lost_port_is_tried_again_and_any_other_end_is_not() {
        let tries = Cell::new(0);
        let start = |log: &'static str| {
            let tries = &tries;
            move |_port| -> Result<(), ServerError> {
                tries.set(tries.get() + 1);
                Err(ServerError::Ended { server: "redis", log: log.into() })
            }
        };
        assert!(on_free_port(start("Address already in use")).is_err());
        assert_eq!(tries.replace(0), ATTEMPTS);
        assert!(on_free_port(start("Bad directive")).is_err());
        assert_eq!(tries.get(), 1);
    }
}
