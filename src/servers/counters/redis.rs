use std::collections::BTreeMap;

use redis::aio::MultiplexedConnection;

use super::grown;
use crate::servers::connection::{self, failure};
use crate::servers::error::ServerError;
use crate::servers::info::Info;
use crate::store::Endpoint;

/// What a Redis has done since it started, or, after [`RedisCounters::since`], between two readings.
///
/// A reading counts itself: it opens a connection and sends `info`, `dbsize`, and a few dozen `randomkey` and `memory`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RedisCounters {
    /// Calls of each command, such as `get`; a subcommand as `config|get`.
    pub calls: BTreeMap<String, u64>,
    pub commands: u64,
    pub evicted_keys: u64,
    pub expired_keys: u64,
    pub input_bytes: u64,
    /// Keys in the URL's database now.
    pub keys: u64,
    /// Bytes in use now.
    pub used_memory: u64,
    /// Bytes that one entry takes now, with its name and with what is kept beside it, estimated from a few dozen names
    /// drawn at random; nothing where there are none, or the server does not tell.
    pub entry_bytes: Option<f64>,
    /// Whether it follows a master, whose writes it repeats: what it holds and is told, another has held and been told.
    pub is_replica: bool,
    /// User and system time of the server process.
    pub cpu_seconds: f64,
    /// Commands that were sent on to the node that has their slot now, as a node of a Redis Cluster does (MOVED).
    pub moved: u64,
    /// Commands that were sent on for once to the node that takes their slot over (ASK).
    pub asked: u64,
}

impl RedisCounters {
    /// Reads them all at one moment.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses INFO.
    pub async fn read(at: &Endpoint) -> Result<RedisCounters, ServerError> {
        let mut connection = connection::redis(at).await?;
        let (info, keys): (String, u64) = redis::pipe()
            .cmd("INFO")
            .arg("all")
            .cmd("DBSIZE")
            .query_async(&mut connection)
            .await
            .map_err(|error| failure(&at.url, &error))?;
        let counters = RedisCounters::parse(&info, keys);
        // A replica of a cluster would send us on, and count that.
        let entry_bytes = match counters.is_replica {
            true => None,
            false => entry_bytes(&mut connection).await.ok().flatten(),
        };
        Ok(RedisCounters { entry_bytes, ..counters })
    }

    /// Reads the text of `INFO all`; a line that is missing counts as zero.
    fn parse(info: &str, keys: u64) -> RedisCounters {
        let info = Info::read(info);
        let calls = info.lines().filter_map(|(name, value)| {
            let command = name.strip_prefix("cmdstat_")?;
            let calls = value.split(',').find_map(|field| field.strip_prefix("calls="))?;
            Some((command.to_string(), calls.parse().ok()?))
        });
        let errors = |code: &str| {
            let line = info.text(&format!("errorstat_{code}")).and_then(|line| line.strip_prefix("count="));
            line.and_then(|count| count.parse().ok()).unwrap_or(0)
        };
        let (user, system): (f64, f64) = (info.number("used_cpu_user"), info.number("used_cpu_sys"));
        RedisCounters {
            calls: calls.collect(),
            commands: info.number("total_commands_processed"),
            evicted_keys: info.number("evicted_keys"),
            expired_keys: info.number("expired_keys"),
            input_bytes: info.number("total_net_input_bytes"),
            keys,
            used_memory: info.number("used_memory"),
            entry_bytes: None,
            is_replica: info.text("role") == Some("slave"),
            cpu_seconds: user + system,
            moved: errors("MOVED"),
            asked: errors("ASK"),
        }
    }

    /// Those of several servers as if they were one.
    pub fn together(all: &[RedisCounters]) -> RedisCounters {
        let mut sum = RedisCounters::default();
        for one in all.iter().filter(|one| !one.is_replica) {
            for (command, calls) in &one.calls {
                *sum.calls.entry(command.clone()).or_default() += calls;
            }
            sum.commands += one.commands;
            sum.evicted_keys += one.evicted_keys;
            sum.expired_keys += one.expired_keys;
            sum.input_bytes += one.input_bytes;
            sum.keys += one.keys;
            sum.used_memory += one.used_memory;
            sum.cpu_seconds += one.cpu_seconds;
            sum.moved += one.moved;
            sum.asked += one.asked;
        }
        // By what each of them holds.
        let weighed = |one: &RedisCounters| Some((one.entry_bytes?, one.keys as f64));
        let (bytes, keys) = all
            .iter()
            .filter(|one| !one.is_replica)
            .filter_map(weighed)
            .fold((0.0, 0.0), |(bytes, keys), (each, count)| (bytes + each * count, keys + count));
        sum.entry_bytes = (keys > 0.0).then(|| bytes / keys);
        sum
    }

    /// What was done between `before` and this reading; `keys` and the bytes in use stay those of this one.
    ///
    /// A server that restarted in between counts from zero; a count that is lower than before then shows as
    /// none.
    pub fn since(&self, before: &RedisCounters) -> RedisCounters {
        RedisCounters {
            calls: grown(&self.calls, &before.calls),
            commands: self.commands.saturating_sub(before.commands),
            evicted_keys: self.evicted_keys.saturating_sub(before.evicted_keys),
            expired_keys: self.expired_keys.saturating_sub(before.expired_keys),
            input_bytes: self.input_bytes.saturating_sub(before.input_bytes),
            keys: self.keys,
            used_memory: self.used_memory,
            entry_bytes: self.entry_bytes,
            is_replica: self.is_replica,
            cpu_seconds: (self.cpu_seconds - before.cpu_seconds).max(0.0),
            moved: self.moved.saturating_sub(before.moved),
            asked: self.asked.saturating_sub(before.asked),
        }
    }
}

/// Names that are drawn to tell what an entry takes.
const SAMPLE: usize = 48;

/// The bytes of all names drawn over the number of entries among them.
async fn entry_bytes(connection: &mut MultiplexedConnection) -> redis::RedisResult<Option<f64>> {
    let mut draw = redis::pipe();
    for _ in 0..SAMPLE {
        draw.cmd("RANDOMKEY");
    }
    let names: Vec<Option<Vec<u8>>> = draw.query_async(connection).await?;
    let names: Vec<_> = names.into_iter().flatten().collect();
    let mut weigh = redis::pipe();
    for name in &names {
        weigh.cmd("MEMORY").arg("USAGE").arg(name);
    }
    if names.is_empty() {
        return Ok(None);
    }
    let bytes: Vec<Option<u64>> = weigh.query_async(connection).await?;
    // What guards keep beside an entry has its name in braces.
    let entries = names.iter().filter(|name| !name.contains(&b'{')).count();
    Ok((entries > 0).then(|| bytes.into_iter().flatten().sum::<u64>() as f64 / entries as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "# Memory\r\nused_memory:1000\r\n# Stats\r\ntotal_commands_processed:12\r\nevicted_keys:3\r\n\
        # CPU\r\nused_cpu_sys:0.25\r\nused_cpu_user:0.5\r\n# Commandstats\r\n\
        cmdstat_get:calls=7,usec=9,usec_per_call=1.29,rejected_calls=0,failed_calls=0\r\n\
        cmdstat_config|get:calls=2,usec=9,usec_per_call=4.5,rejected_calls=0,failed_calls=0\r\n\
        # Errorstats\r\nerrorstat_ASK:count=2\r\nerrorstat_MOVED:count=3\r\n";

    #[test]
    fn info_is_read_by_its_lines() {
        let counters = RedisCounters::parse(INFO, 5);
        assert_eq!(counters.calls, BTreeMap::from([("get".into(), 7), ("config|get".into(), 2)]));
        assert_eq!((counters.commands, counters.evicted_keys, counters.keys), (12, 3, 5));
        assert_eq!((counters.used_memory, counters.cpu_seconds), (1000, 0.75));
        assert_eq!((counters.moved, counters.asked), (3, 2));
    }

    #[test]
    fn servers_together_count_what_each_does() {
        let one = RedisCounters { entry_bytes: Some(100.0), ..RedisCounters::parse(INFO, 5) };
        let other = RedisCounters { entry_bytes: Some(200.0), ..RedisCounters::parse(INFO, 15) };
        let both = RedisCounters::together(&[one, other, RedisCounters::default()]);
        assert_eq!(
            (both.calls["get"], both.commands, both.keys, both.entry_bytes),
            (14, 24, 20, Some(175.0))
        );
    }

    #[test]
    fn a_difference_keeps_what_is_a_level_and_drops_what_did_not_move() {
        let before = RedisCounters::parse(INFO, 5);
        let after = RedisCounters::parse(
            &INFO.replace("calls=7", "calls=10").replace("MOVED:count=3", "MOVED:count=8"),
            6,
        );
        let between = after.since(&before);
        assert_eq!(between.calls, BTreeMap::from([("get".into(), 3)]));
        assert_eq!((between.commands, between.keys, between.used_memory), (0, 6, 1000));
        assert_eq!((between.moved, between.asked), (5, 0));
    }
}
