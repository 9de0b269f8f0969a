use super::future::Future;
use super::{Access, Policy, PolicyParts};
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Policy, PolicyParts> = Entry {
    name: "opt",
    summary: "the entry that is asked for again last goes (Belady): in entries no policy that takes in every miss has more hits",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Opt { future: Future::new(&parts.scenario), bypasses: false }))
    },
};

/// Belady's optimum. By bytes it is a good rule and no bound, as it does not weigh sizes; nor does it know of expiries.
pub(super) struct Opt {
    pub future: Future,
    /// Whether what is asked for again later than all that is held does not come in.
    pub bypasses: bool,
}

impl Policy for Opt {
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
        !self.bypasses || self.future.farthest().is_some_and(|(_, farthest)| next < farthest)
    }
}
