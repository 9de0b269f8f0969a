use std::fmt;

use bytes::Bytes;

/// The identity of one row, and the name under which the cache holds it.
///
/// The name is the run's prefix followed by the decimal id, kept inline so that a key can be
/// made before the clock starts and copied without allocating.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key {
    id: u64,
    /// Bytes of the name that are the run's, or the service's.
    base: u8,
    /// Bytes of the name in front of the id: those, and the mark of what the entry is of the row.
    prefix: u8,
    length: u8,
    /// Which of the entries of the row, from 0 for its own.
    variant: u8,
    name: [u8; Key::CAPACITY],
}

impl Key {
    const CAPACITY: usize = 61;
    /// Between the prefix and the id in the name of a row's stock.
    const STOCK: &[u8] = b"stock:";
    /// Between the prefix and the id in the name of another entry of the row: at most so many bytes, a colon included.
    pub const MAX_MARK: usize = 9;
    /// What the names of a service have between the prefix of the run and the rest: `s12:`.
    const MAX_SERVICE: usize = 4;
    /// The longest prefix a run may use, in bytes: what an id of 20 digits, a mark and a service's number leave free.
    pub const MAX_PREFIX: usize = Self::CAPACITY - Self::MAX_SERVICE - Self::MAX_MARK - 20;

    /// The key of row `id` under `prefix`; a prefix beyond [`Key::MAX_PREFIX`] is cut.
    pub fn new(prefix: &str, id: u64) -> Key {
        Key::template(prefix).with_id(id)
    }

    /// A key from which those of other rows are made; its own name is the prefix alone.
    pub fn template(prefix: &str) -> Key {
        let mut name = [0; Self::CAPACITY];
        let prefix = &prefix.as_bytes()[..prefix.len().min(Self::MAX_PREFIX + Self::MAX_SERVICE)];
        name[..prefix.len()].copy_from_slice(prefix);
        let length = prefix.len() as u8;
        Key { id: 0, base: length, prefix: length, length, variant: 0, name }
    }

    /// The key of row `id` under the same prefix.
    pub fn with_id(&self, id: u64) -> Key {
        let mut key = *self;
        let digits = id.checked_ilog10().unwrap_or(0) as usize + 1;
        let start = usize::from(self.prefix);
        let mut rest = id;
        for digit in key.name[start..start + digits].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        key.id = id;
        key.length = (start + digits) as u8;
        key
    }

    /// The key of the row's units of stock, which are an entry apart from the row's own.
    pub fn stock(&self) -> Key {
        let mut key = *self;
        let (start, end) = (usize::from(self.prefix), usize::from(self.prefix) + Self::STOCK.len());
        key.name[start..end].copy_from_slice(Self::STOCK);
        key.prefix = end as u8;
        key.with_id(self.id)
    }

    /// The key of another entry of the row, such as the one by its slug: its number, from 1, and its mark. A mark beyond
    /// [`Key::MAX_MARK`] is cut.
    pub fn of_variant(&self, variant: u8, mark: &str) -> Key {
        let mut key = *self;
        let mark = &mark.as_bytes()[..mark.len().min(Self::MAX_MARK)];
        let (start, end) = (usize::from(self.base), usize::from(self.base) + mark.len());
        key.name[start..end].copy_from_slice(mark);
        (key.prefix, key.variant) = (end as u8, variant);
        key.with_id(self.id)
    }

    /// The same entry of the row under the prefix of a template.
    pub fn under(&self, template: &Key) -> Key {
        let rest = &self.name[usize::from(self.base)..usize::from(self.length)];
        let mut key = *template;
        let start = usize::from(template.base);
        // Both fit: the longest prefix leaves room for the longest rest.
        let end = (start + rest.len()).min(Self::CAPACITY);
        key.name[start..end].copy_from_slice(&rest[..end - start]);
        let prefix = template.base + self.prefix - self.base;
        Key { id: self.id, prefix, length: end as u8, variant: self.variant, ..key }
    }

    /// Which of the entries of the row it names, from 0 for its own.
    pub fn variant(&self) -> u8 {
        self.variant
    }

    /// The primary key of the row in the database.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The name of something that belongs to the entry, such as its lock: under the run's prefix too, and in the
    /// entry's slot of a Redis Cluster, so that one script may touch both.
    pub fn beside(&self, suffix: &str) -> Bytes {
        let (prefix, name) = (&self.name[..usize::from(self.prefix)], self.name());
        [prefix, b"{", name, b"}", suffix.as_bytes()].concat().into()
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
    fn what_belongs_to_an_entry_is_under_its_prefix_and_in_its_slot() {
        assert_eq!(Key::new("cb:", 12).beside("lock"), "cb:{cb:12}lock");
    }

    #[test]
    fn the_longest_prefix_leaves_room_for_the_largest_id() {
        let key = Key::new(&"p".repeat(80), u64::MAX);
        assert!(key.name().ends_with(u64::MAX.to_string().as_bytes()));
        assert!(key.stock().name().ends_with(format!("stock:{}", u64::MAX).as_bytes()));
    }

    #[test]
    fn the_entries_of_a_row_have_names_of_their_own_and_one_id() {
        let key = Key::new("cb:", 12);
        let slug = key.of_variant(1, "slug:");
        assert_eq!((slug.name(), slug.id(), slug.variant()), (&b"cb:slug:12"[..], 12, 1));
        assert_eq!(slug.beside("lock"), "cb:slug:{cb:slug:12}lock");
        assert_eq!((slug.with_id(3).name(), slug.with_id(3).variant()), (&b"cb:slug:3"[..], 1));
        assert_eq!((key.variant(), key.name()), (0, &b"cb:12"[..]));
        let renamed = slug.under(&Key::template("cb:s12:"));
        assert_eq!((renamed.name(), renamed.id(), renamed.variant()), (&b"cb:s12:slug:12"[..], 12, 1));
        assert_eq!(renamed, Key::new("cb:s12:", 12).of_variant(1, "slug:"));
        let longest = Key::new(&"p".repeat(99), u64::MAX).of_variant(1, "123456789");
        assert!(longest.name().ends_with(format!("123456789{}", u64::MAX).as_bytes()));
    }

    #[test]
    fn the_stock_of_a_row_has_a_name_of_its_own() {
        let key = Key::new("cb:", 10_203).stock();
        assert_eq!((key.name(), key.id()), (&b"cb:stock:10203"[..], 10_203));
    }
}
