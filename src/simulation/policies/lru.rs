use super::chain::{Links, Row};
use super::{Access, Policy, PolicyParts};
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Policy, PolicyParts> = Entry {
    name: "lru",
    summary: "the entry that was used longest ago goes, exactly",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Lru { links: Links::new(parts.keys()), row: Row::EMPTY }))
    },
};

/// Entries in the order of their last use, the oldest in front.
struct Lru {
    links: Links,
    row: Row,
}

impl Policy for Lru {
    fn entered(&mut self, access: Access) {
        self.links.push_back(&mut self.row, access.key);
    }

    fn used(&mut self, access: Access) {
        self.links.remove(&mut self.row, access.key);
        self.links.push_back(&mut self.row, access.key);
    }

    fn left(&mut self, key: u32) {
        self.links.remove(&mut self.row, key);
    }

    fn evict(&mut self, _: Access) -> Option<u32> {
        self.links.pop_front(&mut self.row)
    }
}
