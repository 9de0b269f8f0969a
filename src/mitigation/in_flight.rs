use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::Wish;
use crate::model::Key;

/// The rows that one service instance is refreshing, each once at a time.
#[derive(Clone, Default)]
pub struct InFlight(Arc<Mutex<HashSet<u64>>>);

/// The refresh of one row; it lasts until this is dropped.
pub struct Flight {
    all: InFlight,
    row: u64,
}

impl InFlight {
    /// Begins the refresh of a row, unless there is one.
    pub fn begin(&self, key: &Key) -> Option<Flight> {
        let begun = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.id());
        begun.then(|| Flight { all: self.clone(), row: key.id() })
    }

    /// To be served, and refreshed unless it is already.
    pub fn wish(&self, key: &Key) -> Wish {
        self.begin(key).map_or(Wish::Serve, |flight| Wish::Behind(Some(flight)))
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_refreshed_once_at_a_time() {
        let (all, key) = (InFlight::default(), Key::new("cb:", 7));
        let flight = all.begin(&key);
        assert!(flight.is_some() && all.begin(&key).is_none() && all.begin(&Key::new("cb:", 8)).is_some());
        drop(flight);
        assert!(all.begin(&key).is_some());
    }
}
