//! cachebench measures which caching strategy suits a workload, on a real Redis and a real Postgres.
//!
//! # The map
//!
//! Each module uses only those above it; `tests/layers` sees to that.
//!
//! | module | what it holds |
//! |---|---|
//! | [`model`] | the plain data everyone shares: key, value, operation, outcome, timing |
//! | [`registry`] | the one table type behind every extension point |
//! | [`traffic`] | what to ask for: a pure function of seed and ticket |
//! | [`simulation`] | what a cache would have answered: eviction policies in process |
//! | [`measure`] | what happened: recorder, window, summary, verdict, closed forms |
//! | [`placement`] | which node of a cache a key lives on |
//! | [`store`] | the cache and the database, behind two traits |
//! | [`invalidation`] | how those who cache rows learn that somebody else has written them |
//! | [`coherence`] | what becomes of the cached entry of a row that is written |
//! | [`mitigation`] | what guards the database when many ask for an entry that is gone |
//! | [`strategy`] | who is asked on a read, and who is told of a write |
//! | [`inventory`] | how a decrement of the stock gets from the cache into the database |
//! | [`servers`] | the Redis and Postgres processes of a run, managed or somebody else's |
//! | [`engine`] | pacer, lanes, watchdog, faults: makes the operations happen, and things go wrong |
//! | [`report`] | pure functions of a summary, one file a format |
//! | [`config`] | the workload file, typed, with the place of every mistake |
//! | [`experiment`] | the composition root: from a checked workload to a summary |
//! | [`cli`] | one file a verb |
//!
//! # The life of an operation
//!
//! ```text
//! pacer ──ticket──▶ lane ──▶ traffic.operation(ticket)            key and payload exist before the clock starts
//! (thread) intended   │ started
//!                     ├─▶ strategy.read / .write ─▶ cache / database
//!                     │ finished
//!                     └─▶ recorder.record(kind, outcome, Timing { intended, started, finished })
//! Crew::drive ─▶ Window (1 s) ─▶ observer (stderr)   ─▶ Summary ─▶ report
//! ```
//!
//! In a closed loop there is no pacer: `intended` is `started`.

pub mod model;
pub mod registry;
pub mod traffic;
pub mod simulation;
pub mod measure;
pub mod placement;
pub mod store;
pub mod invalidation;
pub mod coherence;
pub mod mitigation;
pub mod strategy;
pub mod inventory;
pub mod servers;
pub mod engine;
pub mod report;
pub mod config;
pub mod experiment;
pub mod cli;
