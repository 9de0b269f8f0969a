//! Closed forms as oracles: what runs over real servers measure, against what must come out.

#![allow(clippy::unwrap_used, reason = "a failed step fails its test")]

mod early;
mod guarded;
mod killed;
mod lifetimes;
mod locks;
#[path = "../machine/mod.rs"]
mod machine;
mod run;
mod sample;
mod storm;
mod sweep;
mod unguarded;
