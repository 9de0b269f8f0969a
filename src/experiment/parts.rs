use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ExperimentError;
use super::site::Site;
use super::urls::Urls;
use crate::config::{LoadSetting, Open, Workload};
use crate::engine::{Limit, Load};
use crate::measure::Tally;
use crate::model::{Failure, Key, Lifetimes, StoreError};
use crate::registry::OptionsError;
use crate::store::postgres::{InCommit, Postgres};
use crate::store::{
    Cache, DRIVERS, Database, DriverParts, HotKeys, Sharded, ShardedParts, Sharing, Stock, Tasks, Tracked,
};
use crate::traffic::{Bodies, KEYS, KeyParts, Mix, Rates, Schedule, Shifting, Traffic, hottest};

/// The traffic of a workload; relative trace paths are looked for beside its file first.
pub fn traffic(workload: &Workload, file: &Path) -> Result<Traffic, ExperimentError> {
    let seed = workload.data.seed;
    let parts = KeyParts { rows: workload.data.rows.unwrap_or(0), seed, folders: folders(file) };
    let keys = workload.traffic.keys.build(KEYS, parts)?;
    let rows = workload.data.rows.unwrap_or(0).max(keys.rows().unwrap_or(0)).max(1);
    let keys = match workload.traffic.shift {
        Some(shift) => Box::new(Shifting::new(keys, shift, rows, seed)),
        None => keys,
    };
    let bodies = Bodies::new(workload.data.value.clone(), seed);
    let mix = Mix::new(&workload.traffic.mix, seed);
    if matches!(workload.traffic.load, LoadSetting::Recorded { .. }) && keys.recorded_at(0).is_none() {
        let text = "traffic.load is recorded, but the trace has no times; use an open or a closed load";
        return Err(OptionsError(text.into()).into());
    }
    let traffic = Traffic::new(seed, rows, &workload.cache.prefix, mix, keys, bodies);
    Ok(traffic
        .with_multi_read(workload.traffic.multi_read)
        .with_absent(workload.traffic.absent)
        .with_scan(workload.traffic.scan)
        .with_variants(workload.asked_by(&Key::template(&workload.cache.prefix)))
        .with_quantity(workload.inventory.quantity))
}

/// How long the entry of each row lives, but for what guards make of it.
pub fn lifetimes(workload: &Workload, traffic: &Traffic) -> Lifetimes {
    traffic.lifetimes(workload.cache.ttl.map(|ttl| ttl.0))
}

/// The rows that are kept on several nodes of the cache, where the workload asks for it.
pub fn hot_keys(workload: &Workload, traffic: &Traffic) -> Option<HotKeys> {
    let hot = workload.cache.hot_keys.filter(|hot| hot.copies > 1)?;
    let mut rows = hottest(&traffic.asked_before(HOT_AMONG));
    rows.truncate(hot.rows);
    Some(HotKeys { keys: rows.into_iter().map(|id| traffic.key(id)).collect(), copies: hot.copies })
}

/// Requests among which the hottest rows are looked for.
const HOT_AMONG: u64 = 200_000;

/// The stores as one instance is connected to them.
pub struct Stores {
    pub cache: Arc<dyn Cache>,
    pub database: Arc<dyn Database>,
    pub stock: Arc<dyn Stock>,
}

/// How an instance is connected to the stores.
#[derive(Clone)]
pub struct Wiring {
    /// Its connections to the cache.
    pub sharing: Sharing,
    /// Its connections to the database.
    pub pool: usize,
    /// What the database does in the transactions of its writes.
    pub in_commit: InCommit,
    /// Who is told of what its connections to the cache have read and somebody changes.
    pub tracked: Option<Arc<Tracked>>,
}

impl Wiring {
    /// With so many connections, and writes that tell nobody.
    pub fn plain(sharing: Sharing, pool: usize) -> Wiring {
        Wiring { sharing, pool, in_commit: InCommit::Nothing, tracked: None }
    }
}

/// Connects to both stores.
pub async fn connect(
    workload: &Workload,
    urls: &Urls,
    wiring: Wiring,
    tally: &Arc<Tally>,
    tasks: &Tasks,
) -> Result<Stores, StoreError> {
    let mut cache = cache(workload, &urls.cache, &wiring, tally, tasks).await?;
    if let Some(time) = &urls.time {
        let servers: Vec<_> = urls.cache.servers().into_iter().map(|server| server.at).collect();
        cache = time.over(cache, &servers).await?;
    }
    let database = database(workload, urls, &wiring, tally).await?;
    Ok(Stores { cache, database: database.clone(), stock: database })
}

/// Connects to the database alone.
pub async fn database(
    workload: &Workload,
    urls: &Urls,
    wiring: &Wiring,
    tally: &Arc<Tally>,
) -> Result<Arc<Postgres>, StoreError> {
    let query = workload.database.query.clone();
    let Wiring { pool, in_commit, .. } = *wiring;
    let connected = Postgres::connect_telling(&urls.database, pool, query, in_commit, tally.clone());
    Ok(Arc::new(connected.await?))
}

/// Connects for questions of our own, over one connection to each store; what is sent is in no count of ours.
pub async fn connect_apart(workload: &Workload, urls: &Urls) -> Result<Stores, StoreError> {
    let wiring = Wiring::plain(Sharing::Shared { connections: 1, run: 1 }, 1);
    connect(workload, urls, wiring, &Arc::default(), &Tasks::none()).await
}

/// Connects to the cache alone; `tasks` keep the client informed of nodes that come and go.
pub async fn cache(
    workload: &Workload,
    site: &Site,
    wiring: &Wiring,
    tally: &Arc<Tally>,
    tasks: &Tasks,
) -> Result<Arc<dyn Cache>, StoreError> {
    let driver = workload.cache.driver.build(DRIVERS, ()).map_err(refused)?;
    let (tally, sharing, tracked) = (tally.clone(), wiring.sharing, wiring.tracked.clone());
    match site {
        Site::One { at, .. } | Site::Cluster { at, .. } => {
            driver.connect(DriverParts { at: at.clone(), sharing, tally, tracked }).await
        }
        Site::Sharded { membership, hot } => {
            let (membership, breaker) = (membership.clone(), workload.cache.breaker.options());
            let (driver, hot) = (driver.into(), hot.clone());
            let parts = ShardedParts { membership, driver, sharing, breaker, hot, tally };
            Sharded::connect(parts, tasks).await
        }
    }
}

/// How the clients are connected, drivers' settings included: for the record, from a connection of its own.
pub async fn describe_clients(
    workload: &Workload,
    urls: &Urls,
) -> Result<BTreeMap<String, String>, StoreError> {
    let Stores { cache, database, .. } = connect_apart(workload, urls).await?;
    let mut clients: BTreeMap<String, String> = cache
        .client()
        .into_iter()
        .chain(database.client())
        .map(|(name, value)| (name.into(), value))
        .collect();
    let sharing = workload.sharing();
    clients.insert("connections".into(), sharing.connections().to_string());
    clients.insert("connections_are".into(), sharing.words().into());
    clients.insert("database_connections".into(), workload.database_connections().to_string());
    clients.insert("clients".into(), workload.traffic.load.clients().to_string());
    clients.insert("instances".into(), workload.readers().to_string());
    clients.insert("threads".into(), workload.app.threads.min(workload.readers()).to_string());
    Ok(clients)
}

/// What cannot be built, as a store's refusal: where stores are connected there is no other error.
pub fn refused(error: OptionsError) -> StoreError {
    StoreError::cache(Failure::Refused, error)
}

/// The load of a workload.
pub fn load(workload: &Workload, file: &Path) -> Result<Load, ExperimentError> {
    Ok(match &workload.traffic.load {
        &LoadSetting::Closed { clients, think } => Load::Closed { clients, think },
        &LoadSetting::Recorded { speed, in_flight, pacing } => Load::Recorded { speed, in_flight, pacing },
        LoadSetting::Open(open) => {
            let seed = workload.data.seed;
            let schedule = Box::new(Schedule::new(rates(open, seed, file)?, open.arrival, seed));
            Load::Open { schedule, in_flight: open.in_flight, pacing: open.pacing }
        }
    })
}

fn rates(open: &Open, seed: u64, file: &Path) -> Result<Rates, OptionsError> {
    Ok(match open {
        Open { rate: Some(rate), burst: Some(burst), .. } => Rates::bursting(*rate, burst),
        Open { rate: Some(rate), .. } => Rates::steady(*rate),
        Open { steps: Some(steps), .. } => Rates::stepped(steps, seed),
        Open { pattern: Some(pattern), .. } => pattern.read(&folders(file))?,
        Open { stages, .. } => Rates::staged(stages),
    })
}

/// Where relative paths of recordings are looked for: beside the workload file, then in CACHEBENCH_TRACES.
pub fn folders(file: &Path) -> Vec<PathBuf> {
    let beside = file.parent().map(Path::to_path_buf);
    beside.into_iter().chain(std::env::var_os("CACHEBENCH_TRACES").map(PathBuf::from)).collect()
}

/// When its measurement ends.
pub fn limit(workload: &Workload, traffic: &Traffic, load: &Load) -> Limit {
    let scheduled = match load {
        Load::Open { schedule, .. } => schedule.length(),
        _ => None,
    };
    match (workload.traffic.operations, workload.traffic.duration, scheduled) {
        (Some(operations), ..) => Limit::Operations(operations),
        (None, Some(duration), _) => Limit::Time(duration.0),
        (None, None, Some(length)) => Limit::Time(length),
        (None, None, None) => Limit::Operations(traffic.length().unwrap_or(0)),
    }
}
