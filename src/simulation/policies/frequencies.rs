use super::PolicyParts;
use super::chain::{Links, Row};
use super::marks::Marks;

/// Held keys by how often each was used; among those used as often, the one used longest ago comes first.
pub(super) struct Frequencies {
    links: Links,
    /// By count; grows with the highest.
    rows: Vec<Row>,
    /// The counts whose rows are not empty.
    marks: Marks,
    /// By key, whether held or not.
    counts: Vec<u32>,
}

impl Frequencies {
    /// No key is held, and none was used yet.
    pub fn new(parts: &PolicyParts) -> Frequencies {
        let (keys, most_uses) = (parts.keys(), parts.scenario.recording.keys().len());
        let (links, rows, counts) = (Links::new(keys), Vec::new(), vec![0; keys]);
        Frequencies { links, rows, marks: Marks::new(most_uses + 1), counts }
    }

    /// Takes in a key that is not held, with this use of it counted.
    #[inline]
    pub fn enter(&mut self, key: u32) {
        let count = self.counts[key as usize] + 1;
        self.counts[key as usize] = count;
        if self.rows.len() <= count as usize {
            self.rows.resize(count as usize + 1, Row::EMPTY);
        }
        let row = &mut self.rows[count as usize];
        if row.is_empty() {
            self.marks.insert(count);
        }
        self.links.push_back(row, key);
    }

    /// Counts a use of a key that is held.
    #[inline]
    pub fn count(&mut self, key: u32) {
        self.take(key);
        self.enter(key);
    }

    /// Lets a held key go; its count stays.
    #[inline]
    pub fn take(&mut self, key: u32) {
        let count = self.counts[key as usize];
        let row = &mut self.rows[count as usize];
        self.links.remove(row, key);
        if row.is_empty() {
            self.marks.remove(count);
        }
    }

    /// Forgets how often a key was used that is not held.
    pub fn reset(&mut self, key: u32) {
        self.counts[key as usize] = 0;
    }

    /// The held key that was used least often.
    #[inline]
    pub fn least(&self) -> Option<u32> {
        self.rows[self.marks.lowest()? as usize].front()
    }
}
