//! Sizing: the bytes in which the cache holds a share of the rows.
//!
//! No formula tells them: buffers of connections, tables that double and the allocator's classes all count. So a server
//! is filled with the workload's own entries, three times over, and its limit moved until it holds what is wanted.

mod bracket;
mod churn;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use bracket::Bracket;
use churn::Churn;

use super::assignment::Assignment;
use super::observer::Phase;
use super::preload::SeededEntries;
use super::servers::Servers;
use super::site::Site;
use super::{ExperimentError, parts};
use crate::config::{CacheSettings, MaxMemory, Prewarm, Workload};
use crate::measure::{Sizing, SizingStep};
use crate::model::{Size, Time, UnixClock};
use crate::servers::{MemoryProbe, RedisCounters, ServerError};
use crate::simulation::CacheSize;
use crate::store::{Endpoint, Tasks};
use crate::traffic::{Bijection, Traffic};

/// Limits that are tried, and the time for it, at most; the nearest is taken then.
const MOST_STEPS: usize = 25;
const MOST_TIME: Duration = Duration::from_secs(60);
/// Entries from which the first guess is made.
const SAMPLE: u64 = 256;
/// What an entry takes in the tables of the server, in bytes, beyond what it tells of the entry.
const TABLES: f64 = 16.0;
/// Nothing may expire while it is counted; what a lifetime takes does not depend on how long it is.
const LEAST_TTL: Duration = Duration::from_secs(3_600);
/// Settings of the server that choose what is evicted, and change nothing about what an entry takes.
const CHOOSING: &[&str] = &[
    "maxmemory",
    "maxmemory-policy",
    "maxmemory-samples",
    "maxmemory-eviction-tenacity",
    "lfu-log-factor",
    "lfu-decay-time",
];

/// What decides how many bytes hold a share of the rows; cells that are alike in it share what was found.
///
/// Not in it: what chooses the victims, what is loaded ahead, how long a TTL is, and the strategy, which puts the same
/// entries in.
type Key = String;

/// The limits that were found for cells that are alike, or why none was.
pub type Found = HashMap<Key, Result<Sizing, String>>;

/// The limit for the share of the rows that a workload gives its cache; nothing where it gives bytes or none.
///
/// # Errors
/// When the server for it cannot be started or ends, or no limit holds any entry.
pub fn find(
    assignment: Assignment,
    traffic: &Traffic,
    servers: &mut Servers,
) -> Result<Option<Sizing>, ExperimentError> {
    let Assignment { workload, file, stop, .. } = assignment;
    let Some(percent) = workload.cache.maxmemory.and_then(|limit| limit.percent()) else { return Ok(None) };
    let key = key(workload, traffic.rows());
    let sizings = servers.sizings.clone();
    // Held while one is found: whoever is measured at the same time waits for it, and does not look for it too.
    let mut sizings = sizings.lock().unwrap_or_else(PoisonError::into_inner);
    if stop.is_requested() {
        return Err(ExperimentError::Interrupted);
    }
    if let Some(known) = sizings.get(&key) {
        return known.clone().map(Some).map_err(|problem| ServerError::Known(problem).into());
    }
    assignment.begin(Phase::Sizing);
    let at = servers.cache(workload, &without_limit(&workload.cache), file, None)?.first();
    let wanted = CacheSize::entries(percent, traffic.rows());
    let found = servers.wait(stop, search(workload, traffic, &at, wanted));
    if !matches!(found, Err(ExperimentError::Interrupted)) {
        // Whoever comes next would search as long for nothing.
        sizings.insert(key, found.as_ref().map(Sizing::clone).map_err(ToString::to_string));
    }
    found.map(Some)
}

/// The cache with no limit yet, but one that is set later is held by a rule that needs no history.
fn without_limit(cache: &CacheSettings) -> CacheSettings {
    let mut settings = cache.settings.clone();
    settings.retain(|name, _| !CHOOSING.contains(&name.as_str()));
    CacheSettings { maxmemory: None, eviction: Some("allkeys-random".into()), settings, ..cache.clone() }
}

/// The cache with the limit that was found for it.
pub fn settled(cache: &CacheSettings, sizing: Option<&Sizing>) -> CacheSettings {
    let found = sizing.map(|sizing| MaxMemory::Bytes(Size(sizing.maxmemory)));
    CacheSettings { maxmemory: found.or(cache.maxmemory), ..cache.clone() }
}

fn key(workload: &Workload, rows: u64) -> Key {
    let mut cache = settled(&workload.cache, None);
    (cache.eviction, cache.fill_delay, cache.preload) = (None, None, false);
    (cache.prewarm, cache.ttl) = (Prewarm::None, cache.ttl.map(|_| Time(LEAST_TTL)));
    cache.settings.retain(|name, _| !CHOOSING.contains(&name.as_str()));
    let keys = workload.traffic.is_trace().then_some(&workload.traffic.keys);
    let clients = (workload.readers(), workload.sharing());
    format!("{:?}", (rows, &workload.data, keys, cache, &workload.mitigation, clients))
}

async fn search(
    workload: &Workload,
    traffic: &Traffic,
    at: &Endpoint,
    wanted: u64,
) -> Result<Sizing, ExperimentError> {
    let began = Instant::now();
    let until = began + MOST_TIME;
    let mut caches = Vec::new();
    let wiring = parts::Wiring::plain(workload.sharing(), 0);
    for _ in 0..workload.readers() {
        let site = Site::one(at.clone());
        let cache = parts::cache(workload, &site, &wiring, &Arc::default(), &Tasks::none()).await?;
        caches.push(cache);
    }
    let mut probe = MemoryProbe::open(at).await?;
    let rows = traffic.rows();
    let entries = SeededEntries::new(workload, traffic, UnixClock::default())?.living_at_least(LEAST_TTL);
    let connections = (workload.readers() * workload.sharing().connections()) as u64;
    let order = Bijection::new(rows, workload.data.seed);
    let mut churn = Churn { caches, connections, entries, order, rows, put: 0 };
    let empty = RedisCounters::read(at).await?.used_memory;
    while churn.put < SAMPLE.min(rows) {
        churn.put(churn.at_once()).await;
    }
    let filled = RedisCounters::read(at).await?;
    let entry = filled.entry_bytes.unwrap_or(1_000.0);
    // What the connections have in use by now, and the empty server.
    let base = (filled.used_memory as f64 - filled.keys as f64 * entry).max(empty as f64);
    let mut maxmemory = (base + wanted as f64 * (entry + TABLES)) as u64;
    let mut bracket = Bracket::new(wanted, base as u64);
    let mut steps: Vec<SizingStep> = Vec::new();
    while steps.len() < MOST_STEPS {
        probe.begin_anew(maxmemory).await?;
        let Some(entries) = churn.hold(wanted, &mut probe, until).await? else { break };
        let step = SizingStep { maxmemory, entries };
        steps.push(step);
        if bracket.is_met(&step) {
            break;
        }
        let Some(next) = bracket.next(step) else { break };
        maxmemory = next;
    }
    let off = |step: &&SizingStep| (step.entries - wanted as f64).abs();
    let Some(best) = steps.iter().min_by(|one, other| off(one).total_cmp(&off(other))).copied() else {
        let problem =
            format!("{wanted} entries could not be put in three times within {} s", MOST_TIME.as_secs());
        return Err(ServerError::Server {
            url: at.url.clone(),
            problem: problem + "; give cache.maxmemory in bytes",
        }
        .into());
    };
    let seconds = began.elapsed().as_secs_f64();
    Ok(Sizing { wanted, maxmemory: best.maxmemory, entries: best.entries, empty, steps, seconds })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load;
    use crate::engine::Stop;
    use crate::experiment::Permissions;
    use crate::experiment::observer::{Event, Observer};

    struct Unwatched;

    impl Observer for Unwatched {
        fn event(&self, _: &Event) {}
    }

    #[test]
    fn a_search_that_failed_is_not_made_again_and_none_begins_once_the_run_is_stopped() {
        let text = "name = \"test\"\n[data]\nrows = 100\n[traffic]\nload = { closed = { clients = 2 } }\nduration = \"1s\"\n\
            [cache]\nmaxmemory = \"10% of keys\"\n";
        let workload = load(Path::new("w.toml"), text.into(), &[]).unwrap().workload;
        let traffic = parts::traffic(&workload, Path::new("w.toml")).unwrap();
        let mut servers = Servers::new(Permissions::default()).unwrap();
        let key = key(&workload, traffic.rows());
        servers.sizings.lock().unwrap().insert(key, Err("no limit holds 10 entries".to_owned()));
        let stop = Stop::default();
        let mut told = || {
            let file = Path::new("w.toml");
            let assignment = Assignment { workload: &workload, file, observer: &Unwatched, stop: &stop };
            let found = find(assignment, &traffic, &mut servers);
            assert!(servers.fleet.is_none(), "no server was started");
            found.unwrap_err().to_string()
        };
        assert_eq!(told(), "no limit holds 10 entries");
        stop.request();
        assert_eq!(told(), "interrupted");
    }

    #[test]
    fn cells_that_differ_in_what_is_evicted_share_what_was_found_and_others_do_not() {
        let text = "name = \"test\"\n[data]\nrows = 100\n[traffic]\nload = { closed = { clients = 2 } }\nduration = \"1s\"\n\
            [cache]\nmaxmemory = \"10% of keys\"\n";
        let key = |set: &str| {
            let overrides: Vec<String> =
                set.split(';').filter(|it| !it.is_empty()).map(str::to_owned).collect();
            let loaded = load(Path::new("w.toml"), text.into(), &overrides).unwrap();
            key(&loaded.cells[0].workload, 100)
        };
        for same in [
            "cache.eviction=allkeys-lfu",
            "cache.settings.maxmemory-samples=10",
            "cache.settings.lfu-decay-time=0",
            "strategy=write-through",
            "traffic.keys=uniform",
            "traffic.duration=9s",
            "cache.prewarm={ top = { keys = 5 } }",
            "cache.preload=true",
        ] {
            assert_eq!(key(""), key(same), "{same}");
        }
        assert_eq!(key("cache.ttl=5s"), key("cache.ttl=2h"));
        for other in [
            "cache.maxmemory=5% of keys",
            "cache.ttl=5s",
            "data.value.fixed=1KB",
            "app.instances=2",
            "cache.connections=8",
            "cache.settings.hash-max-listpack-entries=1",
            "mitigation=xfetch;cache.ttl=5s",
        ] {
            assert_ne!(key(""), key(other), "{other}");
        }
    }
}
