use super::frequencies::Frequencies;
use super::{Access, Policy, PolicyParts};
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Policy, PolicyParts> = Entry {
    name: "perfect-lfu",
    summary: "the entry used least often in the whole history goes; of several the one used longest ago",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        let frequencies = Frequencies::new(parts.keys(), parts.scenario.recording.len());
        Ok(Box::new(PerfectLfu { frequencies }))
    },
};

/// Counts outlive the entry. Of requests that neither find nor fill an entry it does not know.
struct PerfectLfu {
    frequencies: Frequencies,
}

impl Policy for PerfectLfu {
    fn entered(&mut self, access: Access) {
        self.frequencies.enter(access.key);
    }

    fn used(&mut self, access: Access) {
        self.frequencies.count(access.key);
    }

    fn left(&mut self, key: u32) {
        self.frequencies.take(key);
    }

    fn evict(&mut self, _: Access) -> Option<u32> {
        let key = self.frequencies.least()?;
        self.left(key);
        Some(key)
    }
}
