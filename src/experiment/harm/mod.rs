mod cluster;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::assignment::Assignment;
use super::charge::Charge;
use super::fleet::{Fleet, FleetNode};
use super::servers::Servers;
use super::site::{Site, SiteServer};
use super::stage::Stage;
use crate::engine::{Crew, Hands, Listeners, Reshard, Stop, Victim};
use crate::invalidation::{Disturb, Disturbance};
use crate::measure::{FaultRecord, Ledger, MovedEntries, Unflushed};
use crate::servers::{
    Condition, ManagedPostgres, ManagedRedis, Proxy, ServerError, failover, leave_redis, members, move_away,
};
use crate::store::{Endpoint, Membership};

/// How long an instance may take to connect before it tries again.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a cluster may take to agree on who is who.
const HANDING_OVER: Duration = Duration::from_secs(30);
/// How often to look whether all instances know of a change.
const LOOK: Duration = Duration::from_millis(2);

/// What a timeline of faults does, to the servers and the instances of a cell.
pub struct Harm<'a> {
    crew: &'a Crew,
    /// Nothing where the cache is not ours.
    fleet: Option<Arc<Fleet>>,
    /// Nothing where the server is not ours.
    postgres: Option<Charge<ManagedPostgres>>,
    /// What clients find the database through, where its network may be cut.
    database_proxy: Option<Arc<Proxy>>,
    site: &'a Site,
    /// Of the way of events to each instance that listens.
    disturbances: &'a [Arc<Disturbance>],
    /// In front of our keys.
    prefix: &'a str,
    /// Where writes reach the database after they were acknowledged: what tells which have.
    deferred: Option<&'a Ledger>,
    stop: &'a Stop,
    /// The writes that the database did not have at each kill and flush, in their order.
    tolls: Mutex<Vec<(String, Unflushed)>>,
    /// What each scale-out took, in their order.
    moved: Mutex<Vec<MovedEntries>>,
}

impl<'a> Harm<'a> {
    pub fn new(stage: &'a Stage, servers: &Servers) -> Harm<'a> {
        let Assignment { workload, stop, .. } = stage.assignment;
        Harm {
            crew: &stage.crew,
            fleet: servers.fleet.clone(),
            postgres: servers.postgres.clone(),
            database_proxy: servers.database_proxy.clone(),
            site: &stage.urls.cache,
            disturbances: &stage.invalidation.disturbances,
            prefix: &workload.cache.prefix,
            deferred: workload.conduct().defers.then_some(&*stage.ledger),
            stop,
            tolls: Mutex::default(),
            moved: Mutex::default(),
        }
    }

    /// Notes the writes that the database does not have now.
    fn note_toll(&self, victim: Victim) {
        if let Some(ledger) = self.deferred {
            let toll = (victim.to_string(), ledger.write_off());
            self.tolls.lock().unwrap_or_else(PoisonError::into_inner).push(toll);
        }
    }

    /// Adds to each kill, flush and scale-out the writes that the database did not have then, and to each scale-out what
    /// it took.
    pub fn tell_tolls(&self, records: &mut [FaultRecord]) {
        let mut tolls = std::mem::take(&mut *self.tolls.lock().unwrap_or_else(PoisonError::into_inner));
        let moved = std::mem::take(&mut *self.moved.lock().unwrap_or_else(PoisonError::into_inner));
        let is_done = |record: &&mut FaultRecord| record.ended_s.is_some() && record.problem.is_none();
        let scaled_out = records.iter_mut().filter(|record| record.what.starts_with("scale-out"));
        for (record, moved) in scaled_out.filter(is_done).zip(moved) {
            record.moved = Some(moved);
        }
        for record in records.iter_mut().filter(|record| record.began_s.is_some()) {
            let verbs = ["kill", "restart", "flush", "scale-out", "add ", "remove "];
            let hits = verbs.iter().any(|verb| record.what.starts_with(verb));
            let of_it = tolls.iter().position(|(victim, _)| record.what.ends_with(victim));
            if let (true, Some(place)) = (hits, of_it) {
                record.unflushed = Some(tolls.remove(place).1);
            }
        }
    }

    /// The servers of our own that a fault befalls.
    fn nodes(&self, victim: Victim) -> Result<Vec<FleetNode>, String> {
        let fleet = self.fleet.as_ref().ok_or_else(not_ours)?;
        match victim {
            Victim::Node(number) => {
                let node = fleet.node(number).ok_or_else(|| format!("there is no cache node {number}"))?;
                Ok(vec![node])
            }
            _ => Ok(fleet.nodes()),
        }
    }

    /// Where the servers listen that a fault befalls, whoever's they are.
    fn addresses(&self, victim: Victim) -> Result<Vec<Endpoint>, String> {
        if let (Site::Cluster { at, .. }, Victim::Cache) = (self.site, victim) {
            // What a master loses, its replicas lose with it.
            let members = ask(self.stop, members(at))?;
            let masters = members.iter().filter(|member| member.is_master && !member.is_failed);
            return Ok(masters.map(|member| at.node(&member.host, member.port)).collect());
        }
        let mut all = self.site.servers().into_iter().map(|server| server.at);
        match victim {
            Victim::Node(number) => {
                let at = all.nth(number).ok_or_else(|| format!("there is no cache node {number}"))?;
                Ok(vec![at])
            }
            _ => Ok(all.collect()),
        }
    }

    fn membership(&self) -> Result<&Membership, String> {
        let placed = self.site.membership().map(|membership| &**membership);
        placed.ok_or_else(|| "the clients do not place the keys".into())
    }

    /// Returns once every client places keys on the nodes that there are now.
    fn wait_until_followed(&self, membership: &Membership) -> Result<(), String> {
        let deadline = Instant::now() + CONNECT;
        while !membership.is_followed() {
            if self.stop.is_requested() || Instant::now() >= deadline {
                return Err("some instances do not know of it".into());
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    fn postgres(&self) -> Result<&Charge<ManagedPostgres>, String> {
        self.postgres.as_ref().ok_or_else(not_ours)
    }
}

/// A check of the workload has refused it before.
fn not_ours() -> String {
    "the server is not ours".into()
}

/// Likewise.
fn no_process() -> Result<(), String> {
    Err("an instance has no process of its own".into())
}

/// Likewise.
fn no_server() -> Result<(), String> {
    Err("events have no server of their own".into())
}

fn told(error: impl ToString) -> String {
    error.to_string()
}

/// Waits for what a server is asked for, on the thread of the fault, until the run is asked to end: there may be many
/// names to look through on a server that is not ours.
fn ask<T>(stop: &Stop, question: impl Future<Output = Result<T, ServerError>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(told)?;
    runtime.block_on(async {
        tokio::select! {
            answer = question => answer.map_err(told),
            () = stop.requested() => Err("interrupted".into()),
        }
    })
}

impl Hands for Harm<'_> {
    fn kill(&self, victim: Victim) -> Result<(), String> {
        match victim {
            Victim::Cache | Victim::Node(_) => {
                self.nodes(victim)?.iter().for_each(|node| node.charge.kill(ManagedRedis::kill));
            }
            Victim::Database => self.postgres()?.kill(ManagedPostgres::kill),
            Victim::Instance(instance) => self.crew.crash(instance).map_err(told)?,
            Victim::Events(_) => return no_server(),
        }
        self.note_toll(victim);
        Ok(())
    }

    fn start(&self, victim: Victim) -> Result<(), String> {
        match victim {
            Victim::Cache | Victim::Node(_) => self
                .nodes(victim)?
                .iter()
                .try_for_each(|node| node.charge.start(ManagedRedis::restart).map_err(told)),
            Victim::Database => self.postgres()?.start(ManagedPostgres::restart).map_err(told),
            Victim::Instance(instance) => self.crew.start_again(instance, CONNECT).map_err(told),
            Victim::Events(_) => no_server(),
        }
    }

    fn pause(&self, victim: Victim) -> Result<(), String> {
        match victim {
            Victim::Cache | Victim::Node(_) => {
                self.nodes(victim)?.iter().for_each(|node| node.charge.lock().server.pause());
                Ok(())
            }
            Victim::Database => self.postgres()?.lock().server.pause().map_err(told),
            Victim::Instance(_) => no_process(),
            Victim::Events(_) => no_server(),
        }
    }

    fn resume(&self, victim: Victim) -> Result<(), String> {
        match victim {
            Victim::Cache | Victim::Node(_) => {
                self.nodes(victim)?.iter().for_each(|node| node.charge.lock().server.resume());
            }
            Victim::Database => self.postgres()?.lock().server.resume(),
            Victim::Instance(_) => return no_process(),
            Victim::Events(_) => return no_server(),
        }
        Ok(())
    }

    fn flush(&self, victim: Victim) -> Result<(), String> {
        self.note_toll(victim);
        match (victim, &self.fleet) {
            (Victim::Cache | Victim::Node(_), Some(_)) => {
                // A replica loses what its master does, and refuses to by itself.
                let flush = |node: &FleetNode| match node.charge.lock().server.flush() {
                    Err(error) if error.to_string().contains("READONLY") => Ok(()),
                    flushed => flushed.map_err(told),
                };
                self.nodes(victim)?.iter().try_for_each(flush)
            }
            // Of somebody else's server, what is ours.
            (Victim::Cache | Victim::Node(_), None) => self
                .addresses(victim)?
                .iter()
                .try_for_each(|at| ask(self.stop, leave_redis(at, self.prefix)).map(drop)),
            (Victim::Database | Victim::Instance(_) | Victim::Events(_), _) => {
                Err("only a cache is flushed".into())
            }
        }
    }

    fn scale_out(&self, victim: Victim, share: f64) -> Result<(), String> {
        if !matches!(victim, Victim::Cache | Victim::Node(_)) {
            return Err("only a cache is scaled out".into());
        }
        self.note_toll(victim);
        let mut moved = MovedEntries::default();
        for at in self.addresses(victim)? {
            let of_it = ask(self.stop, move_away(&at, self.prefix, share))?;
            moved = MovedEntries { moved: moved.moved + of_it.moved, of: moved.of + of_it.of };
        }
        self.moved.lock().unwrap_or_else(PoisonError::into_inner).push(moved);
        Ok(())
    }

    fn add_nodes(&self, count: usize) -> Result<(), String> {
        let fleet = self.fleet.as_ref().ok_or_else(not_ours)?;
        let known = fleet.nodes();
        let started = fleet.start_more(count).map_err(told)?;
        self.note_toll(Victim::Cache);
        if let Site::Cluster { .. } = self.site {
            return started.iter().try_for_each(|node| {
                self.join_cluster(&known, node)?;
                self.site.joined(vec![SiteServer::new(node.name.clone(), node.at.clone())]);
                Ok(())
            });
        }
        let membership = self.membership()?;
        let members = started.iter().map(|node| node.member(1)).collect();
        membership.add(members).map_err(told)?;
        self.wait_until_followed(membership)
    }

    fn remove(&self, victim: Victim) -> Result<(), String> {
        let membership = self.membership()?;
        let Victim::Node(number) = victim else { return Err("only a node is removed".into()) };
        let everyone = membership.everyone();
        let member = everyone.get(number).ok_or_else(|| format!("there is no cache node {number}"))?;
        self.note_toll(victim);
        membership.remove(&member.name).map_err(told)?;
        self.wait_until_followed(membership)
    }

    fn fail_over(&self, victim: Victim) -> Result<(), String> {
        let hand_over = |node: &FleetNode| failover(node.port(), HANDING_OVER).map(drop).map_err(told);
        self.nodes(victim)?.iter().try_for_each(hand_over)
    }

    fn reshard(&self, Reshard { slots, from, to }: Reshard) -> Result<(), String> {
        let port = |number| Ok::<_, String>(self.nodes(Victim::Node(number))?[0].port());
        self.move_slots(port(from)?, port(to)?, slots)
    }

    fn set_network(&self, victim: Victim, condition: Condition) -> Result<(), String> {
        let none = || "no proxy of ours is in front of it".to_owned();
        match victim {
            Victim::Cache | Victim::Node(_) => self.nodes(victim)?.iter().try_for_each(|node| {
                node.proxy.as_ref().ok_or_else(none)?.set(condition);
                Ok(())
            }),
            Victim::Database => {
                self.database_proxy.as_ref().ok_or_else(none)?.set(condition);
                Ok(())
            }
            Victim::Instance(_) => no_process(),
            Victim::Events(_) => no_server(),
        }
    }

    fn disturb(&self, listeners: Listeners, what: Disturb, is_wrong: bool) -> Result<(), String> {
        let all = self.disturbances.iter().enumerate();
        let of_it = all.filter(|(instance, _)| match listeners {
            Listeners::All => true,
            Listeners::Instance(number) => *instance == number,
        });
        of_it.for_each(|(_, disturbance)| disturbance.set(what, is_wrong));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_does_not_answer_is_not_waited_for_once_the_run_is_asked_to_end() {
        let stop = Stop::default();
        stop.request();
        let asked = ask(&stop, std::future::pending::<Result<(), ServerError>>());
        assert_eq!(asked, Err("interrupted".to_owned()));
        assert_eq!(ask(&Stop::default(), std::future::ready(Ok(1))), Ok(1));
    }
}
