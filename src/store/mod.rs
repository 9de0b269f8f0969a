//! Store: the cache and the database, behind two traits that every strategy speaks to.

mod background;
mod cluster;
mod endpoint;
mod fred;
mod lines;
mod logical;
mod members;
pub mod memory;
mod messages;
mod near;
mod noop;
pub mod postgres;
mod redis;
mod script;
pub mod scripts;
mod sharded;
mod stock_table;
mod tasks;
mod tls;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub use background::Background;
pub use endpoint::Endpoint;
use lines::Lines;
pub use lines::Sharing;
pub use logical::LogicalTime;
pub use members::ClusterMember;
pub use messages::{Message, Messages};
pub use near::{NearCache, NearOptions, Ticket};
pub(crate) use noop::{NoopCache, NoopDatabase};
pub use redis::Tracked;
pub(crate) use redis::{Broadcast, Bus, KeptBus, StreamEntry, Subscription, Told};
pub use script::{Reply, Script};
pub use sharded::{
    BreakerOptions, Change, HotKeys, Member, Membership, NodeCounts, Roster, Sharded, ShardedParts, Then,
};
pub use tasks::{Pause, Task, Tasks};
pub use tls::{Identity, Tls, TlsError};

use crate::measure::{QueryClass, Tally};
use crate::model::{BoxFuture, Failure, Intent, Key, Payload, StockLevel, StoreError, Value};
use crate::registry::Entry;

/// What a store answers.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// A key-value cache, as one service instance is connected to it.
///
/// An implementer counts every command in the instance's [`Tally`] when it sends it, and never retries:
/// a hidden retry would be a hidden latency. Dropping a future gives up the answer, not the command.
pub trait Cache: Send + Sync {
    /// The bytes under a key, if there are any.
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Bytes>>;

    /// The bytes under several keys, in their order, in one round trip.
    fn get_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Bytes>>>;

    /// Puts bytes under a key, for `ttl` or until evicted.
    fn set<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, ()>;

    /// Puts bytes under a key only if there are none; says whether it did.
    fn add<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, bool>;

    /// Removes a key; says whether it was there.
    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, bool>;

    /// Runs a script atomically.
    fn run<'a>(&'a self, script: &'static Script, keys: Vec<Bytes>, args: Vec<Bytes>) -> Answer<'a, Reply>;

    /// Messages to a channel, from now on until the receiver is dropped: to whoever listens at the time, at most once.
    ///
    /// They come over a connection of their own, whose commands are in nobody's counts. It is replaced in the
    /// background when it breaks.
    fn subscribe<'a>(&'a self, channel: &'a str) -> Answer<'a, Messages>;

    /// The part of the cache that a key lies in: keys of one part can be touched together, by one script.
    fn part(&self, _: &Key) -> u16 {
        0
    }

    /// How many parts there are, from number 0 on. It may change while the cache serves.
    fn parts(&self) -> u16 {
        1
    }

    /// What a name has in braces to lie in a part, the same for ever; empty where there is one part only.
    fn tag(&self, _: u16) -> &str {
        ""
    }

    /// How the client is set up, for the record: connections, timeouts, retries.
    fn client(&self) -> Vec<(&'static str, String)>;
}

/// Rows by key, as one service instance is connected to them.
///
/// An implementer counts every statement in the instance's [`Tally`], and never retries. Dropping a future gives up the
/// answer, not the statement.
///
/// Versions count the writes of a key from 1, in the order in which they took effect. A deletion is a write: it
/// leaves a tombstone, so that versions go on where a row is made again.
pub trait Database: Send + Sync {
    /// Reads one row, or its tombstone.
    fn load<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Value>>;

    /// Reads several rows, in the order of their keys, by one statement.
    fn load_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Value>>>;

    /// The version of a row, without the row.
    fn version<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<u64>>;

    /// Changes an existing row; answers its new version, or nothing if there is no such row.
    fn update<'a>(&'a self, key: &'a Key, payload: &'a Payload) -> Answer<'a, Option<u64>>;

    /// Makes a row, or changes it if it is there; answers its version.
    fn insert<'a>(&'a self, key: &'a Key, payload: &'a Payload) -> Answer<'a, u64>;

    /// Removes a row; answers the version of its tombstone, or nothing if there was none.
    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<u64>>;

    /// Brings rows to versions assigned elsewhere, tombstones included, by one statement; older versions than the
    /// row's own change nothing, so that storing twice or out of order is harmless.
    fn store<'a>(&'a self, class: QueryClass, rows: &'a [(Key, Value)]) -> Answer<'a, ()>;

    /// How the client is set up, for the record.
    fn client(&self) -> Vec<(&'static str, String)>;
}

/// Units of stock by row, beside the rows, as one service instance is connected to them.
///
/// An implementer owes what one of [`Database`] does, and that each call takes effect as a whole or not at all.
pub trait Stock: Send + Sync {
    /// Sets a level, whatever it was.
    fn set_level<'a>(&'a self, key: &'a Key, units: u64) -> Answer<'a, ()>;

    /// Sets a level, unless the row's own is as new or newer.
    fn set_level_if_newer<'a>(&'a self, key: &'a Key, level: StockLevel) -> Answer<'a, ()>;

    /// Takes units under the lock of the row; answers what is left, or nothing if there were too few.
    fn decrement<'a>(&'a self, key: &'a Key, units: u32) -> Answer<'a, Option<u64>>;

    /// Makes an outbox known; one that is known keeps its position.
    fn open_outbox<'a>(&'a self, outbox: &'a str) -> Answer<'a, ()>;

    /// Takes the units of those intents that stand behind the position of their outbox, which is known, and moves
    /// the position to the last of them, all or nothing: an intent takes effect once, however often it is sent.
    /// A level ends at 0 at the lowest.
    fn apply<'a>(&'a self, outbox: &'a str, intents: &'a [Intent]) -> Answer<'a, ()>;

    /// The level of each row from `rows.start` to below `rows.end`, in the order of their ids.
    fn levels(&self, rows: Range<u64>) -> Answer<'_, Vec<(u64, StockLevel)>>;
}

/// A client library for the cache.
///
/// An implementer sets what the library leaves to chance, turns its timeouts and retries off, and tells all of it in
/// [`Cache::client`]. A connection that breaks fails its commands at once, and is replaced in the background.
pub trait Driver: Send + Sync {
    /// Connects one service instance.
    fn connect<'a>(&'a self, parts: DriverParts) -> Answer<'a, Arc<dyn Cache>>;
}

/// What a driver connects with.
#[derive(Clone)]
pub struct DriverParts {
    pub at: Endpoint,
    pub sharing: Sharing,
    pub tally: Arc<Tally>,
    /// Who is told of the entries that were read, where the connections are to track them. Not every driver can.
    pub tracked: Option<Arc<Tracked>>,
}

impl DriverParts {
    /// # Errors
    /// When reads are to be tracked, by a driver that does not.
    fn refuse_tracking(&self, who: &str) -> Result<(), StoreError> {
        match self.tracked {
            Some(_) => {
                Err(StoreError::cache(Failure::Refused, format!("{who} does not track what it reads")))
            }
            None => Ok(()),
        }
    }
}

/// The longest that any driver waits for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long any driver rests before it tries again to replace a connection.
pub(crate) const RECONNECT_PAUSE: Duration = Duration::from_millis(50);

/// Every driver.
pub static DRIVERS: &[Entry<dyn Driver, ()>] = &[redis::ENTRY, fred::ENTRY];
