use std::time::Duration;

use bytes::Bytes;

use super::memory::Entries;
use crate::model::{Failure, Key, StoreError};

/// An atomic step on the cache: one value that holds what the server runs and what it means.
///
/// A test holds the two equal over random histories, so strategies may be checked over the memory store.
pub struct Script {
    pub name: &'static str,
    pub lua: &'static str,
    /// Commands the script calls: the server counts them as its own, so they are left out when
    /// its counters are compared with ours.
    pub touches: &'static [&'static str],
    /// Which of its keys it gives a lifetime as an entry, and which argument tells it, if it does.
    pub entry_life: Option<(usize, usize)>,
    /// The same step on the memory store.
    pub model: fn(&mut Entries, &[Bytes], &[Bytes]) -> Reply,
}

/// What a script returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Nil,
    Integer(i64),
    Text(Bytes),
    List(Vec<Reply>),
}

impl Reply {
    /// The number, or nothing for nil.
    ///
    /// # Errors
    /// When the reply is of another kind: the server runs another script than we sent.
    pub(super) fn integer(self) -> Result<Option<i64>, StoreError> {
        match self {
            Reply::Nil => Ok(None),
            Reply::Integer(number) => Ok(Some(number)),
            other => Err(unexpected("a number", &other)),
        }
    }

    /// Whether it is 1, as a script says that it did what it was asked to.
    ///
    /// # Errors
    /// As [`Reply::integer`].
    pub(super) fn flag(self) -> Result<bool, StoreError> {
        Ok(self.integer()? == Some(1))
    }

    /// How many a script has counted.
    ///
    /// # Errors
    /// As [`Reply::integer`].
    pub(super) fn count(self) -> Result<u64, StoreError> {
        Ok(self.integer()?.map_or(0, i64::cast_unsigned))
    }

    /// The text, or nothing for nil.
    ///
    /// # Errors
    /// When the reply is of another kind.
    pub(super) fn text(self) -> Result<Option<Bytes>, StoreError> {
        match self {
            Reply::Nil => Ok(None),
            Reply::Text(text) => Ok(Some(text)),
            other => Err(unexpected("a text", &other)),
        }
    }

    /// The texts of a list.
    ///
    /// # Errors
    /// When the reply is of another kind.
    pub(super) fn texts(self) -> Result<Vec<Bytes>, StoreError> {
        let Reply::List(items) = self else { return Err(unexpected("a list", &self)) };
        items
            .into_iter()
            .map(|item| match item {
                Reply::Text(text) => Ok(text),
                other => Err(unexpected("a list of texts", &other)),
            })
            .collect()
    }
}

fn unexpected(wanted: &str, found: &Reply) -> StoreError {
    StoreError::cache(Failure::Corrupt, format!("a script answered {found:?} where {wanted} was expected"))
}

/// The name of an entry as a script's key.
pub(super) fn name(key: &Key) -> Bytes {
    Bytes::copy_from_slice(key.name())
}

/// A number as a script's argument.
pub(super) fn number(value: u64) -> Bytes {
    Bytes::from(value.to_string())
}

/// A lifetime as a script's argument: whole milliseconds, 0 for none.
pub(super) fn lifetime(ttl: Option<Duration>) -> Bytes {
    number(ttl.map_or(0, |ttl| (ttl.as_millis() as u64).max(1)))
}

/// Reads an argument back, for the memory store; what is no number is 0, as in no caller of ours.
pub(super) fn parse(argument: &[u8]) -> u64 {
    std::str::from_utf8(argument).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Reads a lifetime back, for the memory store.
pub(super) fn parse_lifetime(argument: &[u8]) -> Option<Duration> {
    let ms = parse(argument);
    (ms > 0).then(|| Duration::from_millis(ms))
}
