use super::frequencies::Frequencies;
use super::{Access, Policy, PolicyParts};
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Policy, PolicyParts> = Entry {
    name: "lfu",
    summary: "the entry used least often since it came in goes; of several the one used longest ago",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Lfu { frequencies: Frequencies::new(&parts), forgets: true }))
    },
};

/// Of requests that neither find nor fill an entry it does not know.
pub(super) struct Lfu {
    pub frequencies: Frequencies,
    /// Whether the count of an entry is forgotten with it.
    pub forgets: bool,
}

impl Policy for Lfu {
    fn entered(&mut self, access: Access) {
        self.frequencies.enter(access.key);
    }

    fn used(&mut self, access: Access) {
        self.frequencies.count(access.key);
    }

    fn left(&mut self, key: u32) {
        self.frequencies.take(key);
        if self.forgets {
            self.frequencies.reset(key);
        }
    }

    fn evict(&mut self, _: Access) -> Option<u32> {
        let key = self.frequencies.least()?;
        self.left(key);
        Some(key)
    }
}
