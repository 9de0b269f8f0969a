//! Servers: the Redis and Postgres processes a run uses, its own or somebody else's.
//!
//! A managed server lives on loopback, in a private [`RunFolder`], never as root, and is gone when the tool
//! is gone, however that ended. On a server that is not ours, `guest` sees to it that we touch only our
//! keys and our schema. This is the only code that starts or ends a server.

mod address;
mod children;
mod cluster;
mod connection;
mod counters;
mod databases;
mod doctor;
mod error;
mod facts;
mod find;
mod folder;
mod guest;
mod identity;
mod info;
mod launch;
mod memory;
mod policies;
mod port;
mod postgres;
mod postgres_handshake;
mod postgres_layout;
mod process;
mod proxy;
mod redis;
mod secrets;
mod startup;
mod supervisor;
mod sweep;
mod user;

pub use self::address::{Address, name_of};
pub use self::cluster::{Resharded, failover, form, join, leave, members, reshard};
pub use self::counters::{PostgresCounters, RedisCounters, rows_read};
pub use self::error::ServerError;
pub use self::facts::{postgres_facts, redis_facts};
pub use self::find::{POSTGRES_VARIABLE, REDIS_VARIABLE};
pub use self::folder::RunFolder;
pub use self::guest::{admit_postgres, admit_redis, leave_postgres, leave_redis, move_away};
pub use self::launch::end_with_us;
pub use self::postgres::{ManagedPostgres, PostgresOptions};
pub use self::proxy::{Carried, Condition, Proxy};
pub use self::redis::{ClusterOptions, ManagedRedis, RedisOptions};
pub use self::sweep::sweep;

pub(crate) use self::databases::{at_database, create_database};
pub use self::doctor::examine_servers;
pub(crate) use self::memory::{MemoryProbe, RedisMemory};
pub(crate) use self::policies::Policies;
pub(crate) use self::secrets::{mask, redact};
