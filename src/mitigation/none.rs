use super::{Expiry, Mitigation, Parts};
use crate::measure::theory;
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Mitigation, Parts> = Entry {
    name: "none",
    summary: "every reader that misses loads",
    options: registry::schema_of::<NoOptions>,
    build: |options, _| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Unguarded))
    },
};

/// Readers and the database by themselves.
pub(super) struct Unguarded;

impl Mitigation for Unguarded {
    fn loads_per_expiry(&self, expiry: &Expiry) -> Option<f64> {
        Some(theory::loads_per_expiry(expiry.reads_per_s, expiry.load_s).min(expiry.clients as f64))
    }
}
