//! Leases after Facebook's memcache: a token to fill with, a throttle on tokens, and a stale copy, beside the entry.

mod get;
mod invalidate;
mod set;

use bytes::Bytes;

use crate::model::Key;

pub(super) use get::SCRIPT as GET;
pub use get::{Lease, Leased, lease_get};
pub(super) use invalidate::SCRIPT as INVALIDATE;
pub use invalidate::lease_invalidate;
pub(super) use set::SCRIPT as SET;
pub use set::lease_set;

/// What the token is called beside the entry.
pub const LEASE: &str = "lease";

/// Entry, token, throttle and stale copy of a row.
fn names(key: &Key) -> Vec<Bytes> {
    let entry = Bytes::copy_from_slice(key.name());
    vec![entry, key.beside(LEASE), key.beside("throttle"), key.beside("stale")]
}
