use super::servers::{Servers, Urls};
use crate::servers::{PostgresCounters, RedisCounters};

/// A moment's counters of both servers, where they tell them.
pub struct Counters {
    pub cache: Option<RedisCounters>,
    pub database: Option<PostgresCounters>,
    /// Which of them a server does not tell, and why.
    pub unread: Vec<String>,
}

impl Counters {
    /// Reads them now; a server that was killed has begun again, and is left out.
    pub fn read(servers: &Servers, urls: &Urls) -> Counters {
        servers.runtime.block_on(async {
            let began_again = || "it was killed, and has counted from 0 since".to_owned();
            let cache = match &servers.redis {
                Some(redis) if redis.lock().was_killed => Err(began_again()),
                _ => RedisCounters::read(&urls.cache).await.map_err(|error| error.to_string()),
            };
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
            Counters { cache, database, unread }
        })
    }
}
