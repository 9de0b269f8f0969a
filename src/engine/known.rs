use crate::measure::{Loads, RowRead};
use crate::model::{Found, Kind, Operation, Outcome, Served, Value};

/// What was known of the rows of a read before it was sent: whether the cache had ever had their entries.
pub struct Known {
    one: bool,
    many: Vec<bool>,
}

impl Known {
    /// What is known of the rows that an operation is about to read. Looked at before, since its own fill comes after.
    pub fn before(operation: &Operation, loads: &Loads) -> Known {
        let has = |id| loads.entries().has(id);
        match operation.kind {
            Kind::Read => Known { one: has(operation.key.id()), many: Vec::new() },
            Kind::MultiRead => {
                Known { one: false, many: operation.keys.iter().map(|key| has(key.id())).collect() }
            }
            _ => Known { one: false, many: Vec::new() },
        }
    }

    /// What each row came to that the operation read, once it has ended.
    pub fn after(self, operation: &Operation, outcome: &Outcome, mut count: impl FnMut(RowRead)) {
        let mut tell = |served: Served, value: Option<&Value>, entered| {
            let bytes = value.filter(|value| !value.tombstone).map_or(0, |value| value.body.len() as u64);
            count(RowRead { served, bytes, entered, scans: operation.scans });
        };
        match outcome {
            Outcome::Read { served, value } => tell(*served, value.as_ref(), self.one),
            Outcome::ReadMany(found) => {
                for (Found { served, value }, entered) in found.iter().zip(self.many) {
                    tell(*served, value.as_ref(), entered);
                }
            }
            _ => {}
        }
    }
}
