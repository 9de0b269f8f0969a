use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Workload;

/// The service under test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct App {
    /// Service instances: each with its own connections and its own in-process state.
    #[schemars(range(min = 1, max = 1_000))]
    pub instances: usize,
    /// Worker threads that the instances live on; no more than there are instances.
    #[schemars(range(min = 1, max = 256))]
    pub threads: usize,
}

impl Default for App {
    fn default() -> App {
        App { instances: 1, threads: 1 }
    }
}

/// What is allowed but probably not meant.
pub(super) fn warning(workload: &Workload) -> Option<String> {
    let App { instances, threads } = workload.app;
    (threads > instances).then(|| {
        "app.threads is above app.instances: an instance lives on one thread, so some stay idle".into()
    })
}
