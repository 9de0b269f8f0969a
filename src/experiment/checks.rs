use std::time::Duration;

use super::counters::Counters;
use super::servers::Servers;
use super::urls::Urls;
use crate::config::Workload;
use crate::engine::Crew;
use crate::measure::{Command, CounterCheck, Metrics, QueryClass, TallyCounts, Unit};
use crate::store::postgres::Statement;
use crate::store::scripts::SCRIPTS;

/// What both sides had counted at one moment.
pub struct Books {
    pub sent: TallyCounts,
    pub counted: Counters,
    /// Requests sent while the servers were asked, of which they may have counted any number.
    pub uncertain: u64,
}

/// How often to read again because something was sent meanwhile.
const READINGS: u32 = 10;

/// How long a flush that has begun is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads both sides' counts at a moment without load. Flushes and relays pause meanwhile: one that is sent, and counted
/// here, may not have come to its server yet.
pub fn books(crew: &Crew, servers: &Servers, urls: &Urls) -> Books {
    let _paused = servers.runtime.block_on(crew.pause(PATIENCE));
    let mut reading = 1;
    loop {
        let before = crew.counts();
        let counted = Counters::read(servers, urls);
        let sent = crew.counts();
        let meanwhile = &sent - &before;
        let uncertain = meanwhile.commands() + meanwhile.queries();
        if uncertain == 0 || reading == READINGS {
            return Books { sent, counted, uncertain };
        }
        reading += 1;
    }
}

/// Holds what we sent against what the servers counted, command by command and class by class.
///
/// A command that our scripts call too is left out once a script has run: the server counts both alike.
pub fn compare(
    sent: &TallyCounts,
    before: &Counters,
    after: &Counters,
    workload: &Workload,
) -> Vec<CounterCheck> {
    let mut checks = Vec::new();
    let have_roles_changed = after.has_other_roles(before);
    if let (Some(before), Some(after), false) = (&before.cache, &after.cache, have_roles_changed) {
        let counted = after.since(before);
        let scripted = sent.command(Command::Evalsha) > 0;
        let touched = |name: &str| SCRIPTS.iter().any(|script| script.touches.contains(&name));
        for command in Command::ALL {
            let client = sent.command(command);
            let server = counted.calls.get(command.name()).copied().unwrap_or(0);
            if !(scripted && touched(command.name())) && client + server > 0 {
                checks.push(CounterCheck { what: format!("cache {}", command.name()), client, server });
            }
        }
    }
    if let (Some(before), Some(after)) = (&before.database, &after.database) {
        let counted = after.since(before);
        let calls = |statement: &Statement| counted.calls.get(statement.counted_as()).copied().unwrap_or(0);
        let all = Statement::all(&workload.database.query);
        let (loads, writes): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|statement| statement.class() == QueryClass::Load);
        let load = CounterCheck {
            what: "database load".into(),
            client: sent.query(QueryClass::Load),
            server: loads.iter().map(calls).sum(),
        };
        let write = CounterCheck {
            what: "database write".into(),
            client: sent.query(QueryClass::Write) + sent.query(QueryClass::Flush),
            server: writes.iter().map(calls).sum(),
        };
        // Statements that fell out of the server's table would be missing in its count.
        if counted.deallocated == 0 {
            checks.extend([load, write].into_iter().filter(|check| check.client + check.server > 0));
        }
    }
    checks
}

/// Adds what only the servers know.
pub fn server_metrics(metrics: &mut Metrics, before: &Counters, after: &Counters, operations: u64) {
    let (Some(before), Some(after)) = (&before.cache, &after.cache) else { return };
    let counted = after.since(before);
    metrics.put("cache.evicted_keys", counted.evicted_keys as f64, Unit::Count);
    metrics.put("cache.expired_keys", counted.expired_keys as f64, Unit::Count);
    metrics.put("cache.keys", after.keys as f64, Unit::Count);
    metrics.put("cache.used_memory", after.used_memory as f64, Unit::Bytes);
    if let Some(bytes) = after.entry_bytes {
        metrics.put("cache.memory_per_entry", bytes, Unit::Bytes);
    }
    metrics.put("cache.cpu_us_per_op", counted.cpu_seconds * 1e6 / operations as f64, Unit::Us);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load;
    use crate::measure::Tally;
    use crate::servers::{PostgresCounters, RedisCounters};

    fn workload() -> Workload {
        let text = "name = \"test\"\n[data]\nrows = 100\n[traffic]\nload = { closed = { clients = 2 } }\nduration = \"1s\"\n";
        load(Path::new("w.toml"), text.into(), &[]).unwrap().workload
    }

    /// What servers told that had this many GETs and loads.
    fn counted(gets: u64, loads: u64) -> Counters {
        let load = Statement::all(&workload().database.query)
            .into_iter()
            .find(|statement| statement.class() == QueryClass::Load);
        let cache = RedisCounters { calls: [("get".into(), gets)].into(), ..RedisCounters::default() };
        let calls = [(load.unwrap().counted_as().into(), loads)].into();
        let database = PostgresCounters { calls, ..PostgresCounters::default() };
        let (cache, database) = (Some(cache), Some(database));
        Counters { cache, nodes: Vec::new(), database, unread: Vec::new() }
    }

    #[test]
    fn what_we_sent_stands_beside_what_the_servers_counted_meanwhile() {
        let tally = Tally::default();
        for _ in 0..3 {
            tally.command(Command::Get);
            drop(tally.query(QueryClass::Load));
        }
        let sent = tally.counts();
        let told = |after: &Counters| {
            let checks = compare(&sent, &counted(10, 20), after, &workload());
            checks.into_iter().map(|check| (check.what, check.client, check.server)).collect::<Vec<_>>()
        };
        let both = |get, load| [("cache get".to_owned(), 3, get), ("database load".to_owned(), 3, load)];
        assert_eq!(told(&counted(13, 23)), both(3, 3));
        assert_eq!(told(&counted(14, 22)), both(4, 2));
        let without_a_cache = Counters { cache: None, ..counted(13, 23) };
        assert_eq!(told(&without_a_cache), both(3, 3)[1..]);
    }
}
