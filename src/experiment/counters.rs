use futures_util::future::join_all;

use super::servers::Servers;
use super::urls::Urls;
use crate::servers::{PostgresCounters, RedisCounters};

/// A moment's counters of both stores, where their servers tell them.
pub struct Counters {
    /// All servers of the cache together.
    pub cache: Option<RedisCounters>,
    /// Each of them by its name; nothing where it does not tell, or has begun again.
    pub nodes: Vec<(String, Option<RedisCounters>)>,
    pub database: Option<PostgresCounters>,
    /// Which of them a server does not tell, and why.
    pub unread: Vec<String>,
}

impl Counters {
    /// Reads them now; a server that was killed has begun again, and is left out.
    pub fn read(servers: &Servers, urls: &Urls) -> Counters {
        servers.runtime.block_on(async {
            let began_again = || "it was killed, and has counted from 0 since".to_owned();
            let all = urls.cache.servers();
            let read = all.iter().map(|server| async {
                let was_killed = servers.fleet.as_ref().is_some_and(|fleet| fleet.was_killed(&server.name));
                if was_killed {
                    return Err(began_again());
                }
                RedisCounters::read(&server.at).await.map_err(|error| error.to_string())
            });
            let told = join_all(read).await;
            let names = all.iter().map(|server| server.name.clone());
            let nodes = names.zip(&told).map(|(name, counters)| (name, counters.as_ref().ok().cloned()));
            let nodes = nodes.collect();
            let cache = told.into_iter().collect::<Result<Vec<_>, String>>();
            let cache = cache.map(|all| RedisCounters::together(&all));
            let database = match &servers.postgres {
                Some(postgres) if postgres.lock().was_killed => Err(began_again()),
                _ => match PostgresCounters::read(&urls.database).await {
                    Ok(counters) => counters.ok_or("this role cannot read pg_stat_statements".into()),
                    Err(error) => Err(error.to_string()),
                },
            };
            let unread = |store: &str, problem: &String| {
                format!("the {store}'s counts cannot be read, so ours are not checked: {problem}")
            };
            let problems = [
                cache.as_ref().err().map(|problem| unread("cache", problem)),
                database.as_ref().err().map(|problem| unread("database", problem)),
            ];
            let unread = problems.into_iter().flatten().collect();
            let (cache, database) = (cache.ok(), database.ok());
            Counters { cache, nodes, database, unread }
        })
    }

    /// Whether a node has become a replica of another since, or was one: what the servers together have counted since
    /// then is not what they were sent.
    pub fn has_other_roles(&self, before: &Counters) -> bool {
        let role = |counters: &Counters, name: &str| {
            let (_, told) = counters.nodes.iter().find(|(known, _)| known == name)?;
            Some(told.as_ref()?.is_replica)
        };
        self.nodes.iter().any(|(name, _)| {
            let (now, earlier) = (role(self, name), role(before, name));
            earlier.is_some() && now.is_some() && now != earlier
        })
    }
}
