use super::chain::{Links, Row};
use super::{Access, Policy, PolicyParts};
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Policy, PolicyParts> = Entry {
    name: "fifo",
    summary: "the entry that came in first goes, used or not",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Fifo { links: Links::new(parts.keys()), row: Row::EMPTY }))
    },
};

/// Entries in the order in which they came in, the oldest in front.
struct Fifo {
    links: Links,
    row: Row,
}

impl Policy for Fifo {
    fn entered(&mut self, access: Access) {
        self.links.push_back(&mut self.row, access.key);
    }

    fn used(&mut self, _: Access) {}

    fn left(&mut self, key: u32) {
        self.links.remove(&mut self.row, key);
    }

    fn evict(&mut self, _: Access) -> Option<u32> {
        self.links.pop_front(&mut self.row)
    }
}
