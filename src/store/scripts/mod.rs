//! Scripts: the atomic steps that strategies and mitigations are built from, one file each.

mod advance;
mod dirty;
mod settle;
mod survey;

pub use advance::{Advance, advance};
pub use dirty::{DirtySet, dirty};
pub use settle::settle;
pub use survey::{Surveyed, survey};

use super::Script;

/// Every script.
pub static SCRIPTS: &[&Script] = &[&advance::SCRIPT, &dirty::SCRIPT, &settle::SCRIPT, &survey::SCRIPT];
