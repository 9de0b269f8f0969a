/// What one client has written: it should read its own writes.
///
/// A client remembers its last writes of a few hundred rows, each in the one place that its id gives it; a row that
/// falls on the same place takes it over. So violations are told by a lower bound.
#[derive(Default)]
pub struct Session {
    /// Ids with the versions last written; empty until the first write.
    writes: Box<[(u64, u64)]>,
}

const PLACES: u64 = 512;

impl Session {
    fn place(id: u64) -> usize {
        // Fibonacci hashing: neighbours are spread over all places.
        (id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % PLACES as usize
    }

    /// The client's write of a row was acknowledged as this version.
    pub fn wrote(&mut self, id: u64, version: u64) {
        if self.writes.is_empty() {
            self.writes = vec![(0, 0); PLACES as usize].into();
        }
        self.writes[Session::place(id)] = (id, version);
    }

    /// Whether a read that returned `version` misses the client's own write.
    pub fn misses_own_write(&self, id: u64, version: u64) -> bool {
        let last = self.writes.get(Session::place(id));
        last.is_some_and(|&(written, last)| written == id && version < last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_misses_its_own_write_and_no_other() {
        let mut session = Session::default();
        assert!(!session.misses_own_write(7, 0));
        session.wrote(7, 3);
        assert!(session.misses_own_write(7, 2));
        assert!(!session.misses_own_write(7, 3) && !session.misses_own_write(8, 0));
    }
}
