use super::{Access, Capacity, Policy, PolicyParts, Scenario, Simulated, run};
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Policy, PolicyParts> = Entry {
    name: "unbounded",
    summary: "nothing goes, whatever the size: what hits at all are possible",
    options: registry::schema_of::<NoOptions>,
    build: |options, _| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Unbounded))
    },
};

struct Unbounded;

impl Policy for Unbounded {
    fn entered(&mut self, _: Access) {}

    fn used(&mut self, _: Access) {}

    fn left(&mut self, _: u32) {}

    fn evict(&mut self, _: Access) -> Option<u32> {
        None
    }

    fn run(&mut self, scenario: &Scenario, label: String, capacity: Capacity) -> Simulated {
        Simulated { capacity, ..run(self, scenario, label, Capacity::Entries(u64::MAX)) }
    }
}
