use super::error::ServerError;
use super::folder::RunFolder;
use super::info::Info;
use super::redis::{ManagedRedis, RedisOptions};

/// The eviction policies that an installed server knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policies {
    /// The server's name and version, as in `redis 7.0.15`.
    pub server: String,
    /// In the server's own order.
    pub names: Vec<String>,
}

/// What comes before the names when a server refuses one, from Redis 6.0 on.
const BEFORE_NAMES: &str = "must be one of the following: ";

impl Policies {
    /// Asks the server of this machine, started for the question alone; nothing where it does not tell, as before
    /// Redis 6.0.
    ///
    /// # Errors
    /// When there is no server that can be started.
    pub fn installed() -> Result<Option<Policies>, ServerError> {
        let folder = RunFolder::create()?;
        let redis = ManagedRedis::start(&RedisOptions::default(), &folder)?;
        // A name that no server has: its refusal lists those that it has, and nothing is changed.
        let answer = redis.ask("CONFIG SET maxmemory-policy ?\r\nINFO server")?;
        Ok(Policies::parse(&answer))
    }

    fn parse(answer: &str) -> Option<Policies> {
        let refusal = answer.lines().find(|line| line.starts_with('-'))?;
        let (_, names) = refusal.split_once(BEFORE_NAMES)?;
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        let info = Info::read(answer);
        let server = match (info.text("valkey_version"), info.text("redis_version")) {
            (Some(version), _) => format!("valkey {version}"),
            (None, Some(version)) => format!("redis {version}"),
            (None, None) => "redis".into(),
        };
        Some(Policies { server, names: names.map(str::to_owned).collect() })
    }

    /// What a policy evicts, by the parts of its name; nothing for one that goes by others.
    pub fn meaning(name: &str) -> Option<String> {
        if name == "noeviction" {
            return Some("nothing: what would take more memory is refused".into());
        }
        let (among, rule) = name.split_once('-')?;
        let among = match among {
            "allkeys" => "any entry",
            "volatile" => "an entry with a TTL",
            _ => return None,
        };
        let rule = match rule {
            "lru" => "whose last use is longest ago in a sample",
            "lfu" => "that is used most seldom in a sample",
            "random" => "by chance",
            "ttl" => "that expires soonest in a sample",
            _ => return None,
        };
        Some(format!("{among} {rule}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_stand_in_the_refusal_of_old_and_new_servers() {
        for (refusal, info, server) in [
            (
                "-ERR Invalid argument '?' for CONFIG SET 'maxmemory-policy' - argument must be one of the following: \
                 volatile-lru, noeviction",
                "redis_version:6.2.14",
                "redis 6.2.14",
            ),
            (
                "-ERR CONFIG SET failed (possibly related to argument 'maxmemory-policy') - argument must be one of the \
                 following: volatile-lru, noeviction",
                "redis_version:7.2.4\r\nvalkey_version:8.1.0",
                "valkey 8.1.0",
            ),
        ] {
            let answer = format!("{refusal}\r\n$99\r\n# Server\r\n{info}\r\n\r\n+OK\r\n");
            let names = vec!["volatile-lru".to_owned(), "noeviction".to_owned()];
            assert_eq!(Policies::parse(&answer), Some(Policies { server: server.into(), names }));
        }
        assert_eq!(Policies::parse("-ERR Invalid argument\r\n+OK\r\n"), None);
    }
}
