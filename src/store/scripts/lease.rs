//! What the scripts of leases share: the names beside an entry.

use bytes::Bytes;

use crate::model::Key;

/// What the token is called beside the entry.
pub const LEASE: &str = "lease";

/// Entry, token, throttle and stale copy of a row.
pub(super) fn names(key: &Key) -> Vec<Bytes> {
    let entry = Bytes::copy_from_slice(key.name());
    vec![entry, key.beside(LEASE), key.beside("throttle"), key.beside("stale")]
}
