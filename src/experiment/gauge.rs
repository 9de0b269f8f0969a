use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};

use super::site::Site;
use crate::measure::{Pressure, Reading};
use crate::servers::{MemoryProbe, RedisMemory, ServerError};
use crate::store::Endpoint;

/// How often a cache is read, at first.
const EVERY: Duration = Duration::from_millis(250);
/// A server that takes longer to answer is not asked any more this time.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the last reading may take, once the measurement is over.
const LAST: Duration = Duration::from_millis(250);

/// Reads what a cache holds while it is measured, from a thread and over a connection of its own.
pub struct Gauge {
    end: oneshot::Sender<()>,
    thread: JoinHandle<Gauged>,
}

/// What a gauge has read.
#[derive(Default)]
pub struct Gauged {
    pub pressure: Pressure,
    /// Bytes that the server used when it had started; 0 where it did not tell.
    pub at_start: u64,
}

impl Gauge {
    /// Starts to read; nothing where there is no thread for it, which is no reason not to measure.
    pub fn start(site: &Site) -> Option<Gauge> {
        let (end, ended) = oneshot::channel();
        let site = site.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let thread = std::thread::Builder::new().name("memory-gauge".into());
        let thread = thread.spawn(move || runtime.block_on(read_on(&site, ended))).ok()?;
        Some(Gauge { end, thread })
    }

    /// Ends it with a last reading.
    pub fn end(self) -> Gauged {
        // One that has ended of itself does not listen.
        let _ = self.end.send(());
        self.thread.join().unwrap_or_default()
    }
}

/// Reads until it is told to end, or the server refuses.
async fn read_on(site: &Site, mut ended: oneshot::Receiver<()>) -> Gauged {
    let start = Instant::now();
    let mut asked = Asked { site, servers: Vec::new(), refused: false };
    let (mut gauged, mut before, mut every) = (Gauged::default(), None, EVERY);
    let mut take = |memory: Option<RedisMemory>, every: &mut Duration| {
        let Some(memory) = memory else { return };
        let reading = Reading {
            at_s: start.elapsed().as_secs_f64(),
            entries: memory.entries,
            evicted: memory.evicted_keys,
            expired: memory.expired_keys,
            used_memory: memory.used,
            rss: memory.resident,
            fragmentation: memory.fragmentation,
        };
        gauged.at_start = memory.at_start;
        gauged.pressure.push(reading, before.as_ref());
        before = Some(reading);
        if gauged.pressure.len() > Pressure::MOST {
            gauged.pressure.thin();
            *every *= 2;
        }
    };
    let mut due = start;
    loop {
        tokio::select! {
            _ = &mut ended => break,
            memory = asked.read(PATIENCE) => take(memory, &mut every),
        }
        if asked.refused {
            return gauged;
        }
        // One that was missed is left out.
        due = (due + every).max(Instant::now());
        tokio::select! {
            _ = &mut ended => break,
            () = sleep_until(due) => {}
        }
    }
    take(asked.read(LAST).await, &mut every);
    gauged
}

/// The servers, and the connections to them while they answer.
struct Asked<'a> {
    site: &'a Site,
    servers: Vec<Server>,
    /// Whether one will not tell.
    refused: bool,
}

/// One of them.
struct Server {
    at: Endpoint,
    probe: Option<MemoryProbe>,
}

impl Asked<'_> {
    /// A reading of all servers together, those left out that do not answer in time; nothing where none does, which
    /// leaves a gap.
    async fn read(&mut self, patience: Duration) -> Option<RedisMemory> {
        // Some may have joined since the last time.
        for server in self.site.servers().into_iter().skip(self.servers.len()) {
            self.servers.push(Server { at: server.at, probe: None });
        }
        let read = self.servers.iter_mut().map(|server| server.read(patience));
        let told: Vec<_> = join_all(read).await.into_iter().flatten().collect();
        self.refused = told.iter().any(Option::is_none);
        told.into_iter().flatten().reduce(RedisMemory::and)
    }
}

impl Server {
    /// A reading, nothing in it where the server will not tell; nothing at all where it does not answer in time.
    async fn read(&mut self, patience: Duration) -> Option<Option<RedisMemory>> {
        let at = &self.at;
        let kept = self.probe.take();
        let read = async {
            let mut probe = match kept {
                Some(probe) => probe,
                None => MemoryProbe::open(at).await?,
            };
            let memory = probe.read().await?;
            Ok::<_, ServerError>((probe, memory))
        };
        let (probe, memory) = timeout(patience, read).await.ok()?.ok()?;
        self.probe = Some(probe);
        Some(memory)
    }
}
