//! Scripts: the atomic steps that strategies and mitigations are built from, one file each.

mod advance;
mod decrement;
mod dirty;
mod outbox;
mod settle;

pub use advance::{Advance, advance};
pub use decrement::{Decrement, Decremented, decrement};
pub use dirty::{DirtySet, dirty};
pub use outbox::{Outbox, pending, trim};
pub use settle::settle;

use super::Script;

/// Every script.
pub static SCRIPTS: &[&Script] =
    &[&advance::SCRIPT, &settle::SCRIPT, &dirty::SCRIPT, &decrement::SCRIPT, &outbox::SCRIPT];
