use std::collections::BTreeMap;
use std::sync::Arc;

use super::assignment::Assignment;
use super::blueprint::Blueprint;
use super::exactness::rows_read_so_far;
use super::invalidation::Invalidation;
use super::observer::{Event, Phase};
use super::prewarm::{Prewarmed, prewarm};
use super::servers::Servers;
use super::urls::{Seeded, Urls};
use super::{ExperimentError, parts, preload, sizing};
use crate::config::Data;
use crate::engine::{Crew, Limit, Load, Plan, Prober};
use crate::measure::{Ledger, Loads, Sales, Sizing};
use crate::model::Kind;
use crate::registry::OptionsError;
use crate::store::postgres::{prepare, seed, seed_stock};
use crate::traffic::{Replay, Traffic};

/// Rows beyond the seeded ones that the ledger has room for; it takes memory for those that are touched.
const INSERTED_FOLLOWED: u64 = 1 << 28;

/// What a cell is measured on: the stores in the state that the workload starts from, and the instances connected.
pub struct Stage<'a> {
    pub assignment: Assignment<'a>,
    pub traffic: Arc<Traffic>,
    pub load: Load,
    pub urls: Urls,
    pub ledger: Arc<Ledger>,
    pub loads: Arc<Loads>,
    pub invalidation: Invalidation,
    pub sales: Arc<Sales>,
    pub crew: Crew,
    /// How the cache's limit was found, where it is a share of the keys.
    pub sizing: Option<Sizing>,
    /// Rows that the database had read before its clients connected, where they are counted.
    pub rows_read_before: Option<u64>,
    /// What loading rows ahead took, where that was asked for.
    pub prewarmed: Option<Prewarmed>,
    /// What the servers and the clients tell of themselves.
    pub cache: BTreeMap<String, String>,
    pub database: BTreeMap<String, String>,
    pub clients: BTreeMap<String, String>,
}

impl<'a> Stage<'a> {
    /// Starts or enters the servers, fills them, and connects the instances.
    pub fn set(assignment: Assignment<'a>, servers: &mut Servers) -> Result<Stage<'a>, ExperimentError> {
        let Assignment { workload, file, stop, .. } = assignment;
        let traffic = Arc::new(parts::traffic(workload, file)?);
        let load = parts::load(workload, file)?;
        if workload.is_divided() && traffic.replay().is_some_and(Replay::tells_cache) {
            let text = "the recording tells one cache what to hold, and app.services have one each; leave out one of them";
            return Err(OptionsError(text.into()).into());
        }
        let sizing = sizing::find(assignment, &traffic, servers)?;
        assignment.begin(Phase::Servers);
        let urls = Urls::of(assignment, sizing.as_ref(), parts::hot_keys(workload, &traffic), servers)?;
        servers.introduce(assignment.observer);
        let (cache, database) = servers.facts(&urls);
        fill(assignment, &traffic, &urls, servers)?;
        let rows_read_before = rows_read_so_far(servers, workload.is_logical(), &urls.database);
        assignment.begin(Phase::Connecting);
        let ledger = Arc::new(Ledger::new(traffic.rows(), traffic.rows() + INSERTED_FOLLOWED));
        let loads = Arc::new(Loads::default());
        let invalidation = Invalidation::new(workload, &urls)?;
        servers.events = Some(invalidation.clone());
        servers.wait(stop, invalidation.prepare())?;
        let blueprint = Blueprint::new(workload, &traffic, &urls, (&ledger, &loads), &invalidation);
        let factory = blueprint.factory();
        let start = if workload.is_divided() { Crew::start_divided } else { Crew::start };
        let crew =
            start(workload.app.threads, workload.app.instances * workload.app.services.max(1), &factory)?;
        let clients = servers.runtime.block_on(parts::describe_clients(workload, &urls))?;
        let sales = Arc::new(Sales::new(if traffic.decrements() { traffic.rows() } else { 0 }));
        let mut stage = Stage {
            assignment,
            traffic,
            load,
            urls,
            ledger,
            loads,
            invalidation,
            sales,
            crew,
            sizing,
            rows_read_before,
            prewarmed: None,
            cache,
            database,
            clients,
        };
        if preload::is_wanted(workload, &stage.traffic) {
            assignment.begin(Phase::Preloading);
            servers.wait(stop, preload::preload(&stage))?;
        }
        stage.prewarmed = prewarm(&stage, servers)?;
        Ok(stage)
    }

    /// A stretch of its load, from the ticket `first` on.
    pub fn plan(&self, limit: Limit, first: u64, prober: Option<Arc<Prober>>) -> Plan {
        Plan {
            load: self.load.clone(),
            limit,
            first,
            ticks: None,
            timeouts: Kind::ALL.map(|kind| self.assignment.workload.traffic.timeout.of(kind).0),
            traffic: self.traffic.clone(),
            ledger: self.ledger.clone(),
            loads: self.loads.clone(),
            sales: self.sales.clone(),
            prober,
            stop: self.assignment.stop.clone(),
        }
    }
}

/// Brings the tables to the state that the workload starts from, unless they are in it.
fn fill(
    assignment: Assignment,
    traffic: &Traffic,
    urls: &Urls,
    servers: &mut Servers,
) -> Result<(), ExperimentError> {
    let Assignment { workload, observer, stop, .. } = assignment;
    let wanted = Seeded {
        url: urls.database.clone(),
        data: Data { rows: Some(traffic.rows()), ..workload.data.clone() },
        query: workload.database.query.clone(),
        // Recorded sizes make other rows of the same data.
        sized_by: traffic.replay().is_some_and(Replay::has_sizes).then(|| workload.traffic.keys.clone()),
    };
    // Taken: if this fails half way, nobody knows what they hold.
    let held = servers.seeded.take();
    if held.as_ref() != Some(&wanted) {
        assignment.begin(Phase::Seeding { rows: traffic.rows() });
        let seeding = async {
            prepare(&urls.database).await?;
            let row = |id| traffic.row(id);
            let progress = |rows| observer.event(&Event::Seeded(rows));
            seed(&urls.database, traffic.rows(), &workload.database.query, row, progress).await
        };
        servers.wait(stop, seeding)?;
    }
    if traffic.decrements() {
        let units = workload.inventory.stock;
        servers.runtime.block_on(seed_stock(&urls.database, traffic.rows(), units))?;
    }
    servers.seeded = (!traffic.writes()).then_some(wanted);
    Ok(())
}
