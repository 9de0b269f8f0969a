use bytes::Bytes;

/// How many units of a row are left, as a store has it.
///
/// The version counts the changes of the level, from 0 for the initial one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StockLevel {
    /// Below 0 only in a store that has gone wrong, which an audit must be able to tell.
    pub units: i64,
    pub version: u64,
}

impl StockLevel {
    /// The entry in the cache: both numbers in decimal, as scripts and people can read them.
    pub fn encode(self) -> Bytes {
        Bytes::from(format!("{} {}", self.units, self.version))
    }

    /// Reads an entry; nothing if it is none of ours.
    pub fn decode(raw: &[u8]) -> Option<StockLevel> {
        // Which the parser would take, and scripts do not.
        if raw.contains(&b'+') {
            return None;
        }
        let (units, version) = std::str::from_utf8(raw).ok()?.split_once(' ')?;
        Some(StockLevel { units: units.parse().ok()?, version: version.parse().ok()? })
    }
}

/// A decrement that the cache has acknowledged and the database does not know of yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Its place among all intents of its outbox; grows, and is never given twice.
    pub seq: u64,
    /// The id of the row.
    pub row: u64,
    pub units: u32,
}

impl Intent {
    /// Reads a member of an outbox: the three numbers in decimal.
    pub fn decode(raw: &[u8]) -> Option<Intent> {
        let mut numbers = std::str::from_utf8(raw).ok()?.split(' ');
        let intent = Intent {
            seq: numbers.next()?.parse().ok()?,
            row: numbers.next()?.parse().ok()?,
            units: numbers.next()?.parse().ok()?,
        };
        numbers.next().is_none().then_some(intent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let level = StockLevel { units: 95, version: 7 };
        assert_eq!(level.encode(), "95 7");
        assert_eq!(StockLevel::decode(b"95 7"), Some(level));
        for wrong in [&b""[..], b"95", b"95 -7", b"x 7", b"95 7 1", b"+95 7", b"\xff 1"] {
            assert_eq!(StockLevel::decode(wrong), None);
        }
    }

    #[test]
    fn an_intent_has_three_numbers_and_no_more() {
        assert_eq!(Intent::decode(b"12 3 4"), Some(Intent { seq: 12, row: 3, units: 4 }));
        for wrong in [&b"12 3"[..], b"12 3 4 5", b"12 3 -4", b""] {
            assert_eq!(Intent::decode(wrong), None);
        }
    }
}
