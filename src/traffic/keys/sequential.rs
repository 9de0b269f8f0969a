use super::{Keys, Random};
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Keys, super::KeyParts> = Entry {
    name: "sequential",
    summary: "row after row in the order of their ids, and again from the first",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Sequential { count: parts.rows.max(1) }))
    },
};

struct Sequential {
    count: u64,
}

impl Keys for Sequential {
    fn pick(&self, ticket: u64, _: u64, _: &mut Random) -> u64 {
        ticket % self.count
    }
}
