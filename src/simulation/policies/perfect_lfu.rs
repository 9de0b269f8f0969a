use super::frequencies::Frequencies;
use super::lfu::Lfu;
use super::{Policy, PolicyParts};
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Policy, PolicyParts> = Entry {
    name: "perfect-lfu",
    summary: "the entry used least often in the whole history goes; of several the one used longest ago",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Lfu { frequencies: Frequencies::new(&parts), forgets: false }))
    },
};
