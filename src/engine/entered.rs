use crate::measure::{Loads, RowRead};
use crate::model::{Found, Kind, Operation, Outcome, Served, Value};

/// Whether the cache had ever had the entries of the rows of a read, before it was sent.
pub struct Entered {
    one: bool,
    many: Vec<bool>,
}

impl Entered {
    /// Looked at before, since the operation's own fill comes after.
    pub fn before(operation: &Operation, loads: &Loads) -> Entered {
        let has = |id| loads.entries().has(id);
        match operation.kind {
            Kind::Read => Entered { one: has(operation.key.id()), many: Vec::new() },
            Kind::MultiRead => {
                Entered { one: false, many: operation.keys.iter().map(|key| has(key.id())).collect() }
            }
            _ => Entered { one: false, many: Vec::new() },
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
