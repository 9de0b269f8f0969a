use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Kind, Time};

/// How long an operation may take before it fails: one time for all, or one for each kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Timeouts {
    All(Time),
    ByKind(ByKind),
}

/// A time for each kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ByKind {
    pub read: Time,
    pub write: Time,
    pub insert: Time,
    pub delete: Time,
    #[serde(rename = "multi-read")]
    pub multi_read: Time,
    pub decrement: Time,
    /// A SET of a trace that fills the cache.
    pub fill: Time,
    /// A DELETE of a trace that takes an entry out of the cache.
    pub invalidate: Time,
}

const USUAL: Time = Time(Duration::from_secs(1));

impl Default for ByKind {
    fn default() -> ByKind {
        ByKind {
            read: USUAL,
            write: USUAL,
            insert: USUAL,
            delete: USUAL,
            multi_read: USUAL,
            decrement: USUAL,
            fill: USUAL,
            invalidate: USUAL,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts::All(USUAL)
    }
}

impl Timeouts {
    /// The time that an operation of this kind may take.
    pub fn of(&self, kind: Kind) -> Time {
        match self {
            Timeouts::All(time) => *time,
            Timeouts::ByKind(times) => match kind {
                Kind::Read => times.read,
                Kind::Write => times.write,
                Kind::Insert => times.insert,
                Kind::Delete => times.delete,
                Kind::MultiRead => times.multi_read,
                Kind::Decrement => times.decrement,
                Kind::Fill => times.fill,
                Kind::Invalidate => times.invalidate,
            },
        }
    }
}
