use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use redis::aio::MultiplexedConnection;

use super::script::{lifetime, name, parse_lifetime};
use super::{Answer, Cache, Endpoint, Messages, Reply, Script};
use crate::model::{Failure, Key, StoreError, UnixClock};

/// What is added to lifetimes, so that no entry of a measurement expires by the server's clock.
const AWAY: Duration = Duration::from_secs(24 * 3_600);

/// Lets entries expire by a logical clock: as a server would, when they are asked for after their time.
///
/// What is past its time is taken off the servers over connections of its own, which nobody counts.
#[derive(Clone)]
pub struct LogicalTime {
    clock: UnixClock,
    /// When each entry expires, in microseconds of the clock.
    ends: Arc<Mutex<HashMap<Bytes, u64>>>,
}

impl LogicalTime {
    pub fn by(clock: UnixClock) -> LogicalTime {
        LogicalTime { clock, ends: Arc::default() }
    }

    pub fn clock(&self) -> &UnixClock {
        &self.clock
    }

    /// A cache whose entries expire by this time. `servers` are those that hold them, each where it listens itself.
    ///
    /// # Errors
    /// When one of them cannot be reached.
    pub async fn over(
        &self,
        cache: Arc<dyn Cache>,
        servers: &[Endpoint],
    ) -> Result<Arc<dyn Cache>, StoreError> {
        let mut apart = Vec::new();
        for at in servers {
            let connected = async { at.redis()?.get_multiplexed_async_connection().await };
            apart.push(connected.await.map_err(|error| StoreError::cache(Failure::Unavailable, error))?);
        }
        Ok(Arc::new(Logical { cache, apart, time: self.clone() }))
    }

    /// An entry was put that lives for `ttl` from now on.
    fn put(&self, name: Bytes, ttl: Option<Duration>) {
        let mut ends = self.lock();
        match ttl {
            Some(ttl) => ends.insert(name, self.clock.now_us() + ttl.as_micros() as u64),
            None => ends.remove(&name),
        };
    }

    /// Those of the entries that are past their time; they are not told again.
    fn take_past(&self, names: &[Bytes]) -> Vec<Bytes> {
        let (now, mut ends) = (self.clock.now_us(), self.lock());
        let is_past = |name: &&Bytes| ends.get(*name).is_some_and(|&end| end <= now);
        let past: Vec<Bytes> = names.iter().filter(is_past).cloned().collect();
        for name in &past {
            ends.remove(name);
        }
        past
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Bytes, u64>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A cache whose entries expire by a logical clock.
struct Logical {
    cache: Arc<dyn Cache>,
    apart: Vec<MultiplexedConnection>,
    time: LogicalTime,
}

impl Logical {
    /// Takes off what is past its time of what is about to be asked for.
    async fn expire(&self, names: &[Bytes]) -> Result<(), StoreError> {
        let past = self.time.take_past(names);
        if past.is_empty() {
            return Ok(());
        }
        let mut unlink = redis::cmd("UNLINK");
        past.iter().for_each(|name| {
            unlink.arg(&name[..]);
        });
        // On each server: which of them holds an entry is the client's business.
        for server in &self.apart {
            let sent = unlink.query_async::<()>(&mut server.clone()).await;
            sent.map_err(|error| StoreError::cache(Failure::Unavailable, error))?;
        }
        Ok(())
    }
}

fn away(ttl: Option<Duration>) -> Option<Duration> {
    ttl.map(|ttl| ttl + AWAY)
}

impl Cache for Logical {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Bytes>> {
        Box::pin(async move {
            self.expire(&[name(key)]).await?;
            self.cache.get(key).await
        })
    }

    fn get_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Bytes>>> {
        Box::pin(async move {
            self.expire(&keys.iter().map(name).collect::<Vec<_>>()).await?;
            self.cache.get_many(keys).await
        })
    }

    fn set<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, ()> {
        Box::pin(async move {
            self.time.put(name(key), ttl);
            self.cache.set(key, value, away(ttl)).await
        })
    }

    fn add<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, bool> {
        Box::pin(async move {
            self.expire(&[name(key)]).await?;
            let added = self.cache.add(key, value, away(ttl)).await?;
            if added {
                self.time.put(name(key), ttl);
            }
            Ok(added)
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, bool> {
        Box::pin(async move {
            self.expire(&[name(key)]).await?;
            self.cache.delete(key).await
        })
    }

    fn run<'a>(
        &'a self,
        script: &'static Script,
        keys: Vec<Bytes>,
        mut args: Vec<Bytes>,
    ) -> Answer<'a, Reply> {
        Box::pin(async move {
            self.expire(&keys).await?;
            let given = script.entry_life.and_then(|(entry, life)| {
                let ttl = parse_lifetime(args.get(life)?);
                args[life] = lifetime(away(ttl));
                Some((keys.get(entry)?.clone(), ttl))
            });
            let reply = self.cache.run(script, keys, args).await?;
            if let Some((entry, ttl)) = given
                && !matches!(reply, Reply::Nil | Reply::Integer(0))
            {
                self.time.put(entry, ttl);
            }
            Ok(reply)
        })
    }

    fn subscribe<'a>(&'a self, channel: &'a str) -> Answer<'a, Messages> {
        self.cache.subscribe(channel)
    }

    fn part(&self, key: &Key) -> u16 {
        self.cache.part(key)
    }

    fn parts(&self) -> u16 {
        self.cache.parts()
    }

    fn tag(&self, part: u16) -> &str {
        self.cache.tag(part)
    }

    fn client(&self) -> Vec<(&'static str, String)> {
        self.cache.client()
    }
}
