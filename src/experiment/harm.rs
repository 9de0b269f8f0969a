use std::time::Duration;

use super::charge::Charge;
use crate::engine::{Crew, Hands, Victim};
use crate::servers::{ManagedPostgres, ManagedRedis, leave_redis};
use crate::store::Endpoint;

/// How long an instance may take to connect before it tries again.
const CONNECT: Duration = Duration::from_secs(5);

/// What a timeline of faults does, to the servers and the instances of a cell.
pub struct Harm<'a> {
    pub crew: &'a Crew,
    /// Nothing where the server is not ours.
    pub redis: Option<Charge<ManagedRedis>>,
    pub postgres: Option<Charge<ManagedPostgres>>,
    pub cache: Endpoint,
    /// In front of our keys.
    pub prefix: String,
}

impl Harm<'_> {
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

impl Hands for Harm<'_> {
    fn kill(&self, victim: Victim) -> Result<(), String> {
        match victim {
            Victim::Cache | Victim::Node(_) => self.redis()?.kill(ManagedRedis::kill),
            Victim::Database => self.postgres()?.kill(ManagedPostgres::kill),
            Victim::Instance(instance) => self.crew.crash(instance).map_err(told)?,
        }
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
        match (victim, &self.redis) {
            (Victim::Cache | Victim::Node(_), Some(redis)) => redis.lock().server.flush().map_err(told),
            // Of somebody else's server, what is ours.
            (Victim::Cache | Victim::Node(_), None) => {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(told)?;
                runtime.block_on(leave_redis(&self.cache, &self.prefix)).map(drop).map_err(told)
            }
            (Victim::Database | Victim::Instance(_), _) => Err("only a cache is flushed".into()),
        }
    }
}
