use super::future::Future;
use super::opt::Opt;
use super::{Policy, PolicyParts};
use crate::registry::{self, Entry, NoOptions};

/// In entries, what no policy can exceed. By bytes no bound, as `opt`.
pub const ENTRY: Entry<dyn Policy, PolicyParts> = Entry {
    name: "opt-bypass",
    summary: "as opt, and a miss does not come in that is asked for again later than all that is held",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Opt { future: Future::new(&parts.scenario), bypasses: true }))
    },
};
