use redis::aio::MultiplexedConnection;

use super::connection::{self, failure};
use super::error::ServerError;
use super::facts::is_refusal;
use super::info::Info;
use crate::store::Endpoint;

/// What a Redis holds at one moment, and what it has given up since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RedisMemory {
    /// Keys in the URL's database, those included that have expired and were not removed yet.
    pub entries: u64,
    pub evicted_keys: u64,
    pub expired_keys: u64,
    /// Bytes, as `maxmemory` limits them: buffers and tables included.
    pub used: u64,
    /// Bytes that the system has given to the process.
    pub resident: u64,
    /// The one by the other, as the server tells it.
    pub fragmentation: f64,
    /// Bytes in use when it had started, before any client came.
    pub at_start: u64,
}

/// A connection that asks for nothing else, and, on a server of our own, sets its limit.
pub struct MemoryProbe {
    url: String,
    connection: MultiplexedConnection,
}

impl MemoryProbe {
    /// # Errors
    /// When the server cannot be reached.
    pub async fn open(at: &Endpoint) -> Result<MemoryProbe, ServerError> {
        Ok(MemoryProbe { url: at.url.clone(), connection: connection::redis(at).await? })
    }

    /// Reads all of it at one moment; nothing where the server refuses.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn read(&mut self) -> Result<Option<RedisMemory>, ServerError> {
        let mut questions = redis::pipe();
        for section in ["memory", "stats", "replication"] {
            questions.cmd("INFO").arg(section);
        }
        questions.cmd("DBSIZE");
        match questions.query_async::<(String, String, String, u64)>(&mut self.connection).await {
            Ok((memory, stats, replication, entries)) => {
                Ok(Some(RedisMemory::parse(&(memory + &stats + &replication), entries)))
            }
            Err(error) if is_refusal(&error) => Ok(None),
            Err(error) => Err(failure(&self.url, &error)),
        }
    }

    /// The number of keys in the URL's database.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn entries(&mut self) -> Result<u64, ServerError> {
        let entries = redis::cmd("DBSIZE").query_async(&mut self.connection).await;
        entries.map_err(|error| failure(&self.url, &error))
    }

    /// Removes every key and sets the limit, in bytes. For a server of our own alone.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn begin_anew(&mut self, maxmemory: u64) -> Result<(), ServerError> {
        let mut commands = redis::pipe();
        commands.cmd("FLUSHALL").ignore();
        commands.cmd("CONFIG").arg("SET").arg("maxmemory").arg(maxmemory).ignore();
        let done = commands.query_async(&mut self.connection).await;
        done.map_err(|error| failure(&self.url, &error))
    }
}

impl RedisMemory {
    /// Both servers as if they were one.
    pub fn and(self, other: RedisMemory) -> RedisMemory {
        let (used, resident) = (self.used + other.used, self.resident + other.resident);
        RedisMemory {
            entries: self.entries + other.entries,
            evicted_keys: self.evicted_keys + other.evicted_keys,
            expired_keys: self.expired_keys + other.expired_keys,
            used,
            resident,
            fragmentation: resident as f64 / used.max(1) as f64,
            at_start: self.at_start + other.at_start,
        }
    }

    /// Reads the text of INFO's sections `memory`, `stats` and `replication`; a line that is missing counts as zero. A
    /// replica has nothing that its master does not have.
    fn parse(info: &str, entries: u64) -> RedisMemory {
        let info = Info::read(info);
        if info.text("role") == Some("slave") {
            return RedisMemory::default();
        }
        RedisMemory {
            entries,
            evicted_keys: info.number("evicted_keys"),
            expired_keys: info.number("expired_keys"),
            used: info.number("used_memory"),
            resident: info.number("used_memory_rss"),
            fragmentation: info.number("mem_fragmentation_ratio"),
            at_start: info.number("used_memory_startup"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sections_are_read_by_their_lines() {
        let info = "# Memory\r\nused_memory:1000\r\nused_memory_rss:1500\r\nused_memory_startup:800\r\n\
            mem_fragmentation_ratio:1.50\r\n# Stats\r\nexpired_keys:4\r\nevicted_keys:3\r\n";
        let read = RedisMemory::parse(info, 7);
        assert_eq!((read.entries, read.evicted_keys, read.expired_keys), (7, 3, 4));
        assert_eq!((read.used, read.resident, read.fragmentation, read.at_start), (1000, 1500, 1.5, 800));
        assert_eq!(RedisMemory::parse("", 0), RedisMemory::default());
        assert_eq!(RedisMemory::parse(&(info.to_owned() + "role:slave\r\n"), 7), RedisMemory::default());
    }
}
