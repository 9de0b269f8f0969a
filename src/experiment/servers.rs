use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Runtime;

use super::charge::Charge;
use super::fleet::{Fleet, FleetNode};
use super::invalidation::Invalidation;
use super::site::{Site, SiteServer};
use super::sizing::Found;
use super::urls::{Seeded, Urls};
use super::{Event, ExperimentError, Observer, Permissions};
use crate::config::{CacheSettings, ClusterSettings, NamedNode, Workload};
use crate::engine::Stop;
use crate::model::Store;
use crate::servers::{
    Address, ClusterOptions, ManagedPostgres, PostgresOptions, Proxy, RedisOptions, RunFolder, ServerError,
    admit_postgres, admit_redis, at_database, create_database, form, leave_postgres, leave_redis, members,
    name_of, postgres_facts, redis_facts,
};
use crate::store::postgres::SCHEMA;
use crate::store::{Endpoint, HotKeys, Member, Membership};

/// Connections of the managed Postgres beyond those of the instances, for our own questions.
const SPARE_CONNECTIONS: usize = 20;
/// Its connections at least, so that most cells can share one server.
const LEAST_CONNECTIONS: usize = 200;

/// How long the nodes of a cluster of our own may take to find each other.
const FORMING: Duration = Duration::from_secs(60);

/// The servers of a run: a Redis as fresh as each cell wants it, and a Postgres for as long as it fits.
pub struct Servers {
    // Dropped in this order: the servers before the folder that they live in.
    pub fleet: Option<Arc<Fleet>>,
    pub postgres: Option<Charge<ManagedPostgres>>,
    /// What clients find the database through, where a fault cuts its network.
    pub database_proxy: Option<Arc<Proxy>>,
    /// What that one was started with.
    options: PostgresOptions,
    folder: Option<RunFolder>,
    /// External servers that we were admitted to: addresses with our prefix on them.
    guest_redis: Vec<(Endpoint, String)>,
    guest_postgres: Vec<String>,
    permissions: Permissions,
    /// What the tables hold; nothing if a cell has written since.
    pub seeded: Option<Seeded>,
    /// Where there is a database of our own in a Postgres that is shared with others: its name.
    shares: Option<String>,
    /// The limits that were found for shares of the keys, shared by all that are measured at once.
    pub sizings: Arc<Mutex<Found>>,
    /// What carries events in the cell that is measured, and has to be taken off after it.
    pub events: Option<Invalidation>,
    pub runtime: Runtime,
}

impl Servers {
    pub fn new(permissions: Permissions) -> Result<Servers, ExperimentError> {
        Ok(Servers {
            fleet: None,
            postgres: None,
            database_proxy: None,
            options: PostgresOptions::default(),
            folder: None,
            guest_redis: Vec::new(),
            guest_postgres: Vec::new(),
            permissions,
            seeded: None,
            shares: None,
            sizings: Arc::default(),
            events: None,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        })
    }

    /// As many servers for cells that are measured at once: each with a Redis of its own, and a database of its own
    /// in the Postgres of these.
    pub fn beside(&mut self, workload: &Workload, count: usize) -> Result<Vec<Servers>, ExperimentError> {
        let needed = workload.connections_to_database() + SPARE_CONNECTIONS;
        self.postgres_with_room(workload, needed * count)?;
        let (postgres, folder) = (self.postgres.clone(), self.folder()?.clone());
        let url = postgres.as_ref().map(|postgres| postgres.lock().server.url()).unwrap_or_default();
        let mut all = Vec::new();
        for number in 1..=count {
            let name = format!("cell_{number}");
            self.runtime.block_on(create_database(&url, &name))?;
            let mut servers = Servers::new(self.permissions)?;
            (servers.postgres, servers.folder) = (postgres.clone(), Some(folder.clone()));
            (servers.shares, servers.sizings) = (Some(name), self.sizings.clone());
            all.push(servers);
        }
        Ok(all)
    }

    /// Waits for work to end, or for the run to be asked to end.
    ///
    /// # Errors
    /// That of the work, or [`ExperimentError::Interrupted`].
    pub fn wait<T, E>(
        &self,
        stop: &Stop,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, ExperimentError>
    where
        ExperimentError: From<E>,
    {
        self.runtime.block_on(async {
            tokio::select! {
                done = work => done.map_err(ExperimentError::from),
                () = stop.requested() => Err(ExperimentError::Interrupted),
            }
        })
    }

    fn folder(&mut self) -> Result<&RunFolder, ServerError> {
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => RunFolder::create()?,
        };
        Ok(self.folder.insert(folder))
    }

    /// Tells which servers of ours are up.
    pub fn introduce(&self, observer: &dyn Observer) {
        for node in self.fleet.iter().flat_map(|fleet| fleet.nodes()) {
            let kept = node.charge.lock();
            let server = &kept.server;
            let (command, folder, url) = (server.command(), server.folder(), server.url());
            observer.event(&Event::Server { command, folder, url: &url });
        }
        if let Some(postgres) = &self.postgres {
            let kept = postgres.lock();
            let server = &kept.server;
            let (command, folder, url) = (server.command(), server.folder(), server.url());
            observer.event(&Event::Server { command, folder, url: &url });
        }
    }

    /// An empty cache with these settings: fresh servers of our own, or those of somebody else without anything of ours.
    /// Certificates are looked for beside `file`.
    pub fn cache(
        &mut self,
        workload: &Workload,
        settings: &CacheSettings,
        file: &Path,
        hot: Option<HotKeys>,
    ) -> Result<Site, ExperimentError> {
        self.fleet = None;
        let nodes = settings.named_nodes();
        if nodes.iter().all(|node| node.url == Address::Managed) {
            if let Some(cluster) = settings.cluster {
                return self.form_cluster(settings, &cluster);
            }
            let is_proxied = workload.needs_proxy(Store::Cache);
            let fleet = Fleet::start(redis_options(settings), is_proxied, self.folder()?, nodes.len())?;
            let fleet = Arc::new(fleet);
            self.fleet = Some(fleet.clone());
            return match workload.is_sharded() {
                false => Ok(fleet.only()),
                true => {
                    let of = |(node, named): (FleetNode, &NamedNode)| node.member(named.weight);
                    let members = fleet.nodes().into_iter().zip(&nodes).map(of).collect();
                    let membership = Membership::new(members, |nodes| settings.place(nodes))?;
                    Ok(Site::Sharded { membership, hot })
                }
            };
        }
        let tls = settings.tls.read(file)?.map(Arc::new);
        let mut members = Vec::new();
        for node in nodes {
            let Address::External(url) = node.url else { continue };
            let at = Endpoint { url, tls: tls.clone() };
            if at.is_cluster() {
                return self.enter_cluster(at, &settings.prefix);
            }
            self.enter(&at, &settings.prefix)?;
            members.push(Arc::new(Member::new(node.name, node.weight, at)));
        }
        match workload.is_sharded() {
            false => Ok(Site::one(members[0].at.clone())),
            true => {
                let membership = Membership::new(members, |nodes| settings.place(nodes))?;
                Ok(Site::Sharded { membership, hot })
            }
        }
    }

    /// Starts a Redis Cluster of our own: the first nodes are its masters, the others their replicas in turn.
    fn form_cluster(
        &mut self,
        settings: &CacheSettings,
        cluster: &ClusterSettings,
    ) -> Result<Site, ExperimentError> {
        let count = cluster.nodes();
        let fleet = Arc::new(Fleet::start(redis_options(settings), false, self.folder()?, count)?);
        self.fleet = Some(fleet.clone());
        let ports: Vec<u16> = fleet.nodes().iter().map(FleetNode::port).collect();
        form(&ports, cluster.masters, FORMING)?;
        let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let at = Endpoint::from(format!("redis+cluster://{}", hosts.join(",")));
        let nodes = fleet.nodes().into_iter().map(|node| SiteServer::new(node.name, node.at)).collect();
        Ok(Site::cluster(at, nodes))
    }

    /// Sees that we may use a Redis Cluster that is not ours, and takes off its masters what is left of ours.
    fn enter_cluster(&mut self, at: Endpoint, prefix: &str) -> Result<Site, ExperimentError> {
        let members = self.runtime.block_on(members(&at))?;
        let mut nodes = Vec::new();
        let mut masters = 0;
        for member in members.iter().filter(|member| !member.is_failed && !member.is_new) {
            let node = match &*member.host {
                // One that never met another does not know its own address: it is where it was asked.
                "" => match at.nodes().ok().and_then(|named| named.into_iter().next()) {
                    Some(named) => named,
                    None => continue,
                },
                host => at.node(host, member.port),
            };
            if member.is_master {
                self.enter(&node, prefix)?;
                masters += 1;
            }
            nodes.push(SiteServer::new(name_of(&node.url), node));
        }
        if masters == 0 {
            let problem = "no node of it is a master that is up".to_owned();
            return Err(ServerError::Server { url: crate::servers::redact(&at.url), problem }.into());
        }
        Ok(Site::cluster(at, nodes))
    }

    /// Sees that we may use a Redis that is not ours, and takes off it what is left of ours.
    fn enter(&mut self, at: &Endpoint, prefix: &str) -> Result<(), ServerError> {
        if !self.guest_redis.iter().any(|(known, theirs)| known.url == at.url && theirs == prefix) {
            self.runtime.block_on(admit_redis(at, prefix, self.permissions.foreign_data))?;
            self.guest_redis.push((at.clone(), prefix.to_owned()));
        }
        self.runtime.block_on(leave_redis(at, prefix)).map(drop)
    }

    /// The address of a database with our schema in it, as clients find it.
    pub fn database(&mut self, workload: &Workload) -> Result<String, ExperimentError> {
        self.database_proxy = None;
        let url = self.direct_database(workload)?;
        if !workload.needs_proxy(Store::Database) {
            return Ok(url);
        }
        let Some(postgres) = &self.postgres else { return Ok(url) };
        let port = postgres.lock().server.port();
        let proxy = Proxy::start((Ipv4Addr::LOCALHOST, port).into())?;
        let through = url.replacen(&format!(":{port}/"), &format!(":{}/", proxy.port()), 1);
        self.database_proxy = Some(Arc::new(proxy));
        Ok(through)
    }

    fn direct_database(&mut self, workload: &Workload) -> Result<String, ExperimentError> {
        let settings = &workload.database;
        match &settings.url {
            Address::Managed => {
                if let (Some(name), Some(postgres)) = (&self.shares, &self.postgres) {
                    let url = at_database(&postgres.lock().server.url(), name);
                    self.runtime.block_on(admit_postgres(&url, SCHEMA, false))?;
                    return Ok(url);
                }
                let needed = workload.connections_to_database() + SPARE_CONNECTIONS;
                self.postgres_with_room(workload, needed)?;
                Ok(self.postgres.as_ref().map(|postgres| postgres.lock().server.url()).unwrap_or_default())
            }
            Address::External(url) => {
                self.postgres = None;
                if !self.guest_postgres.contains(url) {
                    self.runtime.block_on(admit_postgres(url, SCHEMA, self.permissions.foreign_data))?;
                    self.guest_postgres.push(url.clone());
                }
                Ok(url.clone())
            }
        }
    }

    /// Sees that our own Postgres runs, with the workload's settings and for so many connections.
    fn postgres_with_room(&mut self, workload: &Workload, needed: usize) -> Result<(), ExperimentError> {
        let mut options = PostgresOptions { settings: workload.database.settings.clone() };
        let room = needed.max(LEAST_CONNECTIONS).to_string();
        options.settings.entry("max_connections".into()).or_insert(room);
        for (name, value) in workload.needed_database_settings() {
            options.settings.entry(name.into()).or_insert(value);
        }
        // One that was killed has lost what it had in memory; each cell shall find it the same.
        let fits = self.options == options
            && self.postgres.as_ref().is_some_and(|postgres| {
                let kept = postgres.lock();
                kept.server.is_alive() && !kept.was_killed
            });
        if !fits {
            self.postgres = None;
            self.seeded = None;
            let postgres = ManagedPostgres::start(&options, self.folder()?)?;
            let url = postgres.url();
            self.postgres = Some(Charge::new(postgres));
            self.options = options;
            self.runtime.block_on(admit_postgres(&url, SCHEMA, false))?;
        }
        Ok(())
    }

    /// Why the run cannot go on, if a server of ours has ended that was not killed on purpose.
    pub fn trouble(&self) -> Option<String> {
        let told = |name: &str, log: String| format!("{name} ended; the last it said:\n{log}");
        let redis = self.fleet.as_ref().and_then(|fleet| Some(told("redis-server", fleet.trouble()?)));
        redis.or_else(|| {
            self.postgres.as_ref()?.if_meant_to_be_up(|postgres| {
                (!postgres.is_alive()).then(|| told("postgres", postgres.log_tail()))
            })
        })
    }

    /// Whether a server was killed on purpose and is still down.
    pub fn any_is_down(&self) -> bool {
        self.fleet.as_ref().is_some_and(|fleet| fleet.any_is_down())
            || self.postgres.as_ref().is_some_and(|postgres| postgres.lock().is_down)
    }

    /// What the servers tell of themselves.
    pub fn facts(&self, urls: &Urls) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        let facts = async {
            // A server that tells nothing of itself can be measured all the same.
            (
                redis_facts(&urls.cache.first()).await.unwrap_or_default(),
                postgres_facts(&urls.database).await.unwrap_or_default(),
            )
        };
        self.runtime.block_on(facts)
    }

    /// Takes everything of ours off servers that are not ours.
    pub fn leave(&mut self) {
        for (at, prefix) in std::mem::take(&mut self.guest_redis) {
            // Nothing is left to be done about a server that does not answer any more.
            let _ = self.runtime.block_on(leave_redis(&at, &prefix));
        }
        for url in std::mem::take(&mut self.guest_postgres) {
            let _ = self.runtime.block_on(leave_postgres(&url, SCHEMA));
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.leave();
    }
}

/// How a server of the cache is started.
fn redis_options(settings: &CacheSettings) -> RedisOptions {
    let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let own = settings.settings.clone();
    RedisOptions {
        cluster: settings.cluster.map(|cluster| ClusterOptions { node_timeout: cluster.node_timeout.0 }),
        maxmemory: settings.maxmemory.and_then(|limit| limit.bytes()),
        eviction: settings.eviction.clone(),
        settings: settings.persistence.settings().into_iter().map(text).chain(own).collect(),
    }
}
