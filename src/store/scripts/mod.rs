//! Scripts: the atomic steps that strategies, coherences, mitigations and inventories are built from, one file each.
//!
//! They read by GETRANGE and remove by UNLINK, where GET and DEL would do: so the server's counts of those two
//! remain those that we sent, and can be held against ours.

mod advance;
mod announce;
mod claim;
mod compare_and_set;
mod decrement;
mod dirty;
mod fill_claimed;
mod free;
mod invalidate;
mod lease_get;
mod lease_invalidate;
mod lease_set;
mod release;
mod settle;
mod survey;
mod token;
mod trim;

pub use advance::{Advance, advance};
pub use announce::announce;
pub use claim::{Claimed, HeldClaim, NewClaim, claim};
pub use compare_and_set::compare_and_set;
pub use decrement::{Decrement, Decremented, decrement};
pub use dirty::{DirtySet, dirty};
pub use fill_claimed::fill_claimed;
pub use free::free;
pub use invalidate::invalidate;
pub(crate) use lease_get::{LEASE, THROTTLE};
pub use lease_get::{Lease, Leased, lease_get};
pub use lease_invalidate::lease_invalidate;
pub use lease_set::{LeaseFill, lease_set};
pub use release::release;
pub use settle::settle;
pub use survey::{Surveyed, survey};
pub use token::Token;
pub(crate) use token::Tokens;
pub use trim::{Outbox, pending, trim};

use super::Script;

/// Every script.
pub static SCRIPTS: &[&Script] = &[
    &advance::SCRIPT,
    &announce::SCRIPT,
    &claim::SCRIPT,
    &compare_and_set::SCRIPT,
    &decrement::SCRIPT,
    &dirty::SCRIPT,
    &fill_claimed::SCRIPT,
    &free::SCRIPT,
    &invalidate::SCRIPT,
    &lease_get::SCRIPT,
    &lease_invalidate::SCRIPT,
    &lease_set::SCRIPT,
    &release::SCRIPT,
    &settle::SCRIPT,
    &survey::SCRIPT,
    &trim::SCRIPT,
];
