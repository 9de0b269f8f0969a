use super::future::Future;
use super::{Access, Policy, PolicyParts};
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Policy, PolicyParts> = Entry {
    name: "opt-bypass",
    summary: "as opt, and a miss does not come in that is asked for again later than all that is held",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(OptBypass { future: Future::new(&parts.scenario) }))
    },
};

/// In entries, what no policy can exceed. By bytes no bound, as `opt`.
struct OptBypass {
    future: Future,
}

impl Policy for OptBypass {
    fn entered(&mut self, access: Access) {
        self.future.hold(access);
    }

    fn used(&mut self, access: Access) {
        self.future.hold(access);
    }

    fn left(&mut self, key: u32) {
        self.future.forget(key);
    }

    fn evict(&mut self, _: Access) -> Option<u32> {
        let (key, _) = self.future.farthest()?;
        self.future.forget(key);
        Some(key)
    }

    fn admits(&mut self, access: Access) -> bool {
        let next = self.future.next(access);
        self.future.farthest().is_some_and(|(_, farthest)| next < farthest)
    }
}
