use std::collections::BTreeMap;

use crate::model::Kind;

/// What traces call their operations: the commands of memcached and Redis, the leases of CacheLib, and
/// the READ and WRITE commands of SCSI with 6, 10, 16 and 12 bytes by their hexadecimal codes.
const KNOWN: &[(&str, Kind)] = &[
    ("get", Kind::Read),
    ("gets", Kind::Read),
    ("get_lease", Kind::Read),
    ("read", Kind::Read),
    ("r", Kind::Read),
    ("08", Kind::Read),
    ("28", Kind::Read),
    ("88", Kind::Read),
    ("a8", Kind::Read),
    ("set", Kind::Write),
    ("set_lease", Kind::Write),
    ("add", Kind::Write),
    ("replace", Kind::Write),
    ("cas", Kind::Write),
    ("append", Kind::Write),
    ("prepend", Kind::Write),
    ("incr", Kind::Write),
    ("decr", Kind::Write),
    ("write", Kind::Write),
    ("w", Kind::Write),
    ("0a", Kind::Write),
    ("2a", Kind::Write),
    ("8a", Kind::Write),
    ("aa", Kind::Write),
    ("insert", Kind::Insert),
    ("delete", Kind::Delete),
    ("del", Kind::Delete),
];

/// The words by which a trace names its operations, in any case: the known ones, and the user's own.
#[derive(Default)]
pub(super) struct Words {
    own: BTreeMap<String, Kind>,
}

impl Words {
    /// The known words and `own`, which win over them.
    pub(super) fn new(own: BTreeMap<String, Kind>) -> Words {
        Words { own }
    }

    pub(super) fn kind(&self, word: &[u8]) -> Option<Kind> {
        let own = self.own.iter().map(|(known, kind)| (known.as_str(), *kind));
        let mut words = own.chain(KNOWN.iter().copied());
        words.find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(word)).map(|(_, kind)| kind)
    }

    /// All accepted words, as an error lists them.
    pub(super) fn list(&self) -> String {
        let own = self.own.keys().map(String::as_str);
        own.chain(KNOWN.iter().map(|(word, _)| *word)).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_in_any_case_and_own_words_win() {
        let words = Words::new(BTreeMap::from([("ADD".into(), Kind::Insert), ("X".into(), Kind::Read)]));
        for (word, kind) in [
            ("GET_LEASE", Some(Kind::Read)),
            ("2A", Some(Kind::Write)),
            ("Del", Some(Kind::Delete)),
            ("add", Some(Kind::Insert)),
            ("x", Some(Kind::Read)),
            ("touch", None),
            ("", None),
        ] {
            assert_eq!(words.kind(word.as_bytes()), kind, "{word}");
        }
        assert!(words.list().starts_with("ADD, X, get, gets"));
    }
}
