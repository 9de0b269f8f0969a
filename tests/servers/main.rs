//! Live tests of managed servers and of our conduct on others: each starts the real programs.

#![allow(clippy::unwrap_used, reason = "a failed step fails its test")]

mod cluster;
#[path = "../clusters/mod.rs"]
mod clusters;
mod facts;
mod guest;
#[path = "../machine/mod.rs"]
mod machine;
mod managed;
mod proxy;
mod survival;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cachebench::servers::{ManagedPostgres, ManagedRedis, PostgresOptions, RedisOptions, RunFolder};

fn redis() -> ManagedRedis {
    ManagedRedis::start(&RedisOptions::default(), &RunFolder::create().unwrap()).unwrap()
}

fn postgres() -> ManagedPostgres {
    ManagedPostgres::start(&PostgresOptions::default(), &RunFolder::create().unwrap()).unwrap()
}

fn setting(name: &str, value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(name.to_string(), value.to_string())])
}

/// Whether a process exists that is no zombie.
fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, state)| !state.trim_start().starts_with(['Z', 'X']))
}

/// Polls until `done`, for at most 20 s.
#[track_caller]
fn eventually(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what}: still not so after 20 s");
        std::thread::sleep(Duration::from_millis(5));
    }
}
