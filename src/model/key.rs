use std::fmt;

/// The identity of one row, and the name under which the cache holds it.
///
/// The name is the run's prefix followed by the decimal id, kept inline so that a key can be
/// made before the clock starts and copied without allocating.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key {
    id: u64,
    length: u8,
    name: [u8; Key::CAPACITY],
}

impl Key {
    const CAPACITY: usize = 55;
    /// The longest prefix a run may use, in bytes: what an id of 20 digits leaves free.
    pub const MAX_PREFIX: usize = Self::CAPACITY - 20;

    /// The key of row `id` under `prefix`; a prefix beyond [`Key::MAX_PREFIX`] is cut.
    pub fn new(prefix: &str, id: u64) -> Key {
        let mut name = [0; Self::CAPACITY];
        let prefix = &prefix.as_bytes()[..prefix.len().min(Self::MAX_PREFIX)];
        name[..prefix.len()].copy_from_slice(prefix);
        let mut digits = [0u8; 20];
        let mut at = digits.len();
        let mut rest = id;
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        let digits = &digits[at..];
        name[prefix.len()..prefix.len() + digits.len()].copy_from_slice(digits);
        Key { id, length: (prefix.len() + digits.len()) as u8, name }
    }

    /// The primary key of the row in the database.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The name of the entry in the cache.
    pub fn name(&self) -> &[u8] {
        &self.name[..self.length as usize]
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", String::from_utf8_lossy(self.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_prefix_and_the_decimal_id() {
        assert_eq!(Key::new("cb:", 0).name(), b"cb:0");
        assert_eq!(Key::new("cb:", 10_203).name(), b"cb:10203");
        assert_eq!(Key::new("", u64::MAX).name(), u64::MAX.to_string().as_bytes());
    }

    #[test]
    fn the_longest_prefix_leaves_room_for_the_largest_id() {
        let key = Key::new(&"p".repeat(80), u64::MAX);
        assert!(key.name().ends_with(u64::MAX.to_string().as_bytes()));
    }
}
