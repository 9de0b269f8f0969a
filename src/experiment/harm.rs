use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::assignment::Assignment;
use super::charge::Charge;
use super::servers::Servers;
use super::stage::Stage;
use crate::engine::{Crew, Hands, Stop, Victim};
use crate::measure::{FaultRecord, Ledger, MovedEntries, Unflushed};
use crate::servers::{ManagedPostgres, ManagedRedis, ServerError, leave_redis, move_away};
use crate::store::Endpoint;

/// How long an instance may take to connect before it tries again.
const CONNECT: Duration = Duration::from_secs(5);

/// What a timeline of faults does, to the servers and the instances of a cell.
pub struct Harm<'a> {
    crew: &'a Crew,
    /// Nothing where the server is not ours.
    redis: Option<Charge<ManagedRedis>>,
    postgres: Option<Charge<ManagedPostgres>>,
    cache: &'a Endpoint,
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
            redis: servers.redis.clone(),
            postgres: servers.postgres.clone(),
            cache: &stage.urls.cache,
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
            let hits =
                ["kill", "restart", "flush", "scale-out"].iter().any(|verb| record.what.starts_with(verb));
            let of_it = tolls.iter().position(|(victim, _)| record.what.ends_with(victim));
            if let (true, Some(place)) = (hits, of_it) {
                record.unflushed = Some(tolls.remove(place).1);
            }
        }
    }

    fn redis(&self) -> Result<&Charge<ManagedRedis>, String> {
        self.redis.as_ref().ok_or_else(not_ours)
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
            Victim::Cache | Victim::Node(_) => self.redis()?.kill(ManagedRedis::kill),
            Victim::Database => self.postgres()?.kill(ManagedPostgres::kill),
            Victim::Instance(instance) => self.crew.crash(instance).map_err(told)?,
        }
        self.note_toll(victim);
        Ok(())
    }

    fn start(&self, victim: Victim) -> Result<(), String> {
        match victim {
            Victim::Cache | Victim::Node(_) => self.redis()?.start(ManagedRedis::restart).map_err(told),
            Victim::Database => self.postgres()?.start(ManagedPostgres::restart).map_err(told),
            Victim::Instance(instance) => self.crew.start_again(instance, CONNECT).map_err(told),
        }
    }

    fn pause(&self, victim: Victim) -> Result<(), String> {
        match victim {
            Victim::Cache | Victim::Node(_) => {
                self.redis()?.lock().server.pause();
                Ok(())
            }
            Victim::Database => self.postgres()?.lock().server.pause().map_err(told),
            Victim::Instance(_) => no_process(),
        }
    }

    fn resume(&self, victim: Victim) -> Result<(), String> {
        match victim {
            Victim::Cache | Victim::Node(_) => self.redis()?.lock().server.resume(),
            Victim::Database => self.postgres()?.lock().server.resume(),
            Victim::Instance(_) => return no_process(),
        }
        Ok(())
    }

    fn flush(&self, victim: Victim) -> Result<(), String> {
        self.note_toll(victim);
        match (victim, &self.redis) {
            (Victim::Cache | Victim::Node(_), Some(redis)) => redis.lock().server.flush().map_err(told),
            // Of somebody else's server, what is ours.
            (Victim::Cache | Victim::Node(_), None) => {
                ask(self.stop, leave_redis(self.cache, self.prefix)).map(drop)
            }
            (Victim::Database | Victim::Instance(_), _) => Err("only a cache is flushed".into()),
        }
    }

    fn scale_out(&self, victim: Victim, share: f64) -> Result<(), String> {
        if matches!(victim, Victim::Database | Victim::Instance(_)) {
            return Err("only a cache is scaled out".into());
        }
        self.note_toll(victim);
        let moved = ask(self.stop, move_away(self.cache, self.prefix, share))?;
        self.moved.lock().unwrap_or_else(PoisonError::into_inner).push(moved);
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
