use super::members::Members;
use super::{Access, Policy, PolicyParts};
use crate::registry::{self, Entry, NoOptions};
use crate::traffic::{Random as Numbers, Stream};

pub const ENTRY: Entry<dyn Policy, PolicyParts> = Entry {
    name: "random",
    summary: "any entry goes, each as likely as the others, as in Redis' allkeys-random",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        let numbers = Numbers::new(parts.seed, Stream::Eviction, 0);
        Ok(Box::new(Random { members: Members::new(parts.keys()), numbers }))
    },
};

struct Random {
    members: Members,
    numbers: Numbers,
}

impl Policy for Random {
    fn entered(&mut self, access: Access) {
        self.members.insert(access.key);
    }

    fn used(&mut self, _: Access) {}

    fn left(&mut self, key: u32) {
        self.members.remove(key);
    }

    fn evict(&mut self, _: Access) -> Option<u32> {
        let victim = self.members.draw(&mut self.numbers)?;
        self.members.remove(victim);
        Some(victim)
    }
}
