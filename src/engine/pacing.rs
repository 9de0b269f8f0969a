use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an open loop waits for the next intended start; docs/scaling-out.md tells what each costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pacing {
    /// Each worker thread spins until the time has come: the least lateness, for a whole core a thread.
    Precise,
    /// A thread of its own sleeps until the time has come, and wakes the workers.
    #[default]
    Balanced,
    /// The timers of the workers' runtimes, to the millisecond: late and in small bursts, for the least processor time.
    Cheap,
}
