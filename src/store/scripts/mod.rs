//! Scripts: the atomic steps that strategies and mitigations are built from, one file each.

mod advance;
mod decrement;
mod dirty;
mod settle;
mod trim;

pub use advance::{Advance, advance};
pub use decrement::{Decrement, Decremented, decrement};
pub use dirty::{DirtySet, dirty};
pub use settle::settle;
pub use trim::{Outbox, pending, trim};

use super::Script;

/// Every script.
pub static SCRIPTS: &[&Script] =
    &[&advance::SCRIPT, &settle::SCRIPT, &dirty::SCRIPT, &decrement::SCRIPT, &trim::SCRIPT];
