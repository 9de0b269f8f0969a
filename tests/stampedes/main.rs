//! What an expiry costs, as it is measured over real servers, against its closed form.

#![allow(clippy::unwrap_used, reason = "a failed step fails its test")]

mod early;
mod guarded;
mod killed;
mod locks;
mod run;
mod sample;
mod storm;
mod unguarded;
