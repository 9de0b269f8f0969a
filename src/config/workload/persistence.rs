use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the managed cache writes to disk, and so what it still has after its process crashed.
///
/// Redis writes to its append-only file before it answers, so that a crash of the process loses nothing of what was
/// acknowledged, however rarely the file is synced. How often it is synced counts for a crash of the machine, which no
/// fault here is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Persistence {
    /// Nothing: it comes back empty.
    #[default]
    Off,
    /// An append-only file that is synced when the system sees fit.
    No,
    /// An append-only file that is synced once a second.
    Everysec,
    /// An append-only file that is synced before each answer.
    Always,
}

impl Persistence {
    pub fn is_off(&self) -> bool {
        *self == Persistence::Off
    }

    /// The settings of redis.conf that it stands for.
    pub fn settings(self) -> Vec<(&'static str, &'static str)> {
        let sync = match self {
            Persistence::Off => return Vec::new(),
            Persistence::No => "no",
            Persistence::Everysec => "everysec",
            Persistence::Always => "always",
        };
        vec![("appendonly", "yes"), ("appendfsync", sync)]
    }
}
