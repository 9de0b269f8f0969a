/// Keys in a row, each linked to its neighbours: to take one out of the middle costs no search.
///
/// Several rows may share the links, as a key stands in one row at a time.
pub(super) struct Links {
    /// By key: the neighbours towards the front and towards the back; [`NONE`] at the ends.
    ahead: Vec<u32>,
    behind: Vec<u32>,
}

/// One row of keys, front to back.
#[derive(Clone, Copy)]
pub(super) struct Row {
    front: u32,
    back: u32,
}

const NONE: u32 = u32::MAX;

impl Row {
    pub const EMPTY: Row = Row { front: NONE, back: NONE };

    pub fn is_empty(self) -> bool {
        self.front == NONE
    }

    pub fn front(self) -> Option<u32> {
        (self.front != NONE).then_some(self.front)
    }
}

impl Links {
    pub fn new(keys: usize) -> Links {
        Links { ahead: vec![NONE; keys], behind: vec![NONE; keys] }
    }

    /// Puts a key that stands in no row at the back of this one.
    #[inline]
    pub fn push_back(&mut self, row: &mut Row, key: u32) {
        self.ahead[key as usize] = row.back;
        self.behind[key as usize] = NONE;
        match row.back {
            NONE => row.front = key,
            back => self.behind[back as usize] = key,
        }
        row.back = key;
    }

    /// Takes a key out of the row in which it stands.
    #[inline]
    pub fn remove(&mut self, row: &mut Row, key: u32) {
        let (ahead, behind) = (self.ahead[key as usize], self.behind[key as usize]);
        match ahead {
            NONE => row.front = behind,
            ahead => self.behind[ahead as usize] = behind,
        }
        match behind {
            NONE => row.back = ahead,
            behind => self.ahead[behind as usize] = ahead,
        }
    }

    /// Takes the key at the front.
    #[inline]
    pub fn pop_front(&mut self, row: &mut Row) -> Option<u32> {
        let front = row.front()?;
        self.remove(row, front);
        Some(front)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_leave_a_row_from_its_front_and_out_of_its_middle() {
        let (mut links, mut row, mut other) = (Links::new(6), Row::EMPTY, Row::EMPTY);
        (0..4).for_each(|key| links.push_back(&mut row, key));
        (4..6).for_each(|key| links.push_back(&mut other, key));
        links.remove(&mut row, 1);
        links.remove(&mut row, 3);
        links.push_back(&mut row, 1);
        let mut popped = Vec::new();
        while let Some(key) = links.pop_front(&mut row) {
            popped.push(key);
        }
        assert_eq!(popped, [0, 2, 1]);
        assert!(row.is_empty() && other.front() == Some(4));
    }
}
