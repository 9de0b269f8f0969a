use bytes::Bytes;
use redis::Value;

use super::FIELD;
use crate::model::StoreError;
use crate::store::redis::unexpected;

/// An entry of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEntry {
    pub id: String,
    /// What its field of events holds, empty where it has none; nothing where the stream does not hold the entry any more.
    pub text: Option<Bytes>,
}

/// What a stream holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The id of its first entry; nothing where it is empty.
    pub first: Option<String>,
    /// The last id that it gave, whether or not the entry is still there.
    pub last: String,
}

impl Span {
    /// Whether the stream has all that was appended behind an entry, which it had: so it is as long as that entry itself is
    /// there. One that was trimmed up to it and no further is told to have less, which costs little.
    pub fn has_all_behind(&self, id: &str) -> bool {
        let Some(id) = parts(id) else { return false };
        let first = self.first.as_deref().and_then(parts);
        first.is_some_and(|first| first <= id) && parts(&self.last).is_some_and(|last| id <= last)
    }

    /// Where a reader begins to have all that is there, but for the first entry.
    pub fn beginning(&self) -> String {
        self.first.clone().unwrap_or_else(|| self.last.clone())
    }

    /// Whether the stream has entries before that one.
    pub fn has_before(&self, id: &str) -> bool {
        let first = self.first.as_deref().and_then(parts);
        first.zip(parts(id)).is_some_and(|(first, id)| first < id)
    }
}

/// The two numbers of an id, by which ids are in order.
fn parts(id: &str) -> Option<(u64, u64)> {
    let (ms, number) = id.split_once('-')?;
    Some((ms.parse().ok()?, number.parse().ok()?))
}

/// Entries that were given to another member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Where to go on; nothing once all have been looked at.
    pub next: Option<String>,
    pub entries: Vec<StreamEntry>,
    /// How many were given out that the stream does not hold any more.
    pub gone: usize,
}

pub(super) fn entry_id(value: Value) -> Result<String, StoreError> {
    match value {
        Value::BulkString(id) => Ok(String::from_utf8_lossy(&id).into_owned()),
        other => Err(unexpected(&other)),
    }
}

/// The entries of the one stream that was read.
pub(super) fn entries(value: Value) -> Result<Vec<StreamEntry>, StoreError> {
    let Value::Array(streams) = value else {
        return if value == Value::Nil { Ok(Vec::new()) } else { Err(unexpected(&value)) };
    };
    let mut found = Vec::new();
    for stream in streams {
        let [_, Value::Array(items)] = pair(stream)? else { return Err(unexpected(&Value::Nil)) };
        for item in items {
            found.push(entry(item)?);
        }
    }
    Ok(found)
}

fn pair(value: Value) -> Result<[Value; 2], StoreError> {
    match value {
        Value::Array(items) => items.try_into().map_err(|items: Vec<Value>| unexpected(&Value::Array(items))),
        other => Err(unexpected(&other)),
    }
}

fn entry(value: Value) -> Result<StreamEntry, StoreError> {
    let [id, fields] = pair(value)?;
    let id = entry_id(id)?;
    let Value::Array(fields) = fields else {
        return if fields == Value::Nil {
            Ok(StreamEntry { id, text: None })
        } else {
            Err(unexpected(&fields))
        };
    };
    let text = fields.chunks_exact(2).find_map(|field| match field {
        [Value::BulkString(name), Value::BulkString(text)] if name == FIELD.as_bytes() => {
            Some(Bytes::copy_from_slice(text))
        }
        _ => None,
    });
    Ok(StreamEntry { id, text: Some(text.unwrap_or_default()) })
}

pub(super) fn claimed(value: Value) -> Result<Claimed, StoreError> {
    let Value::Array(items) = value else { return Err(unexpected(&value)) };
    let mut items = items.into_iter();
    let (Some(next), Some(Value::Array(given)), deleted) = (items.next(), items.next(), items.next()) else {
        return Err(unexpected(&Value::Nil));
    };
    let next = Some(entry_id(next)?).filter(|next| next != "0-0");
    // Before Redis 7.0, what the stream does not hold any more is a nil among the others.
    let (here, nil): (Vec<Value>, Vec<Value>) = given.into_iter().partition(|entry| *entry != Value::Nil);
    let deleted = match deleted {
        Some(Value::Array(ids)) => ids.len(),
        _ => 0,
    };
    let entries = here.into_iter().map(entry).collect::<Result<_, _>>()?;
    Ok(Claimed { next, entries, gone: deleted + nil.len() })
}

/// The value under a name in a list of names and values.
fn under(facts: &[Value], name: &str) -> Option<Value> {
    let at = |fact: &[Value]| matches!(&fact[0], Value::BulkString(it) if it == name.as_bytes());
    facts.chunks_exact(2).find(|fact| at(fact)).map(|fact| fact[1].clone())
}

pub(super) fn span(value: Value) -> Result<Span, StoreError> {
    let Value::Array(facts) = &value else { return Err(unexpected(&value)) };
    let first = match under(facts, "first-entry") {
        Some(Value::Array(entry)) => entry.into_iter().next().map(entry_id).transpose()?,
        _ => None,
    };
    let last = under(facts, "last-generated-id").ok_or_else(|| unexpected(&value))?;
    Ok(Span { first, last: entry_id(last)? })
}

pub(super) fn last_delivered(value: Value, group: &str) -> Result<Option<String>, StoreError> {
    let Value::Array(groups) = &value else { return Err(unexpected(&value)) };
    for facts in groups {
        let Value::Array(facts) = facts else { return Err(unexpected(&value)) };
        if under(facts, "name") == Some(Value::BulkString(group.into())) {
            return under(facts, "last-delivered-id").map(entry_id).transpose();
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    fn list(items: impl IntoIterator<Item = Value>) -> Value {
        Value::Array(items.into_iter().collect())
    }

    fn raw(id: &str, event: &str) -> Value {
        list([text(id), list([text("e"), text(event)])])
    }

    fn known(id: &str, event: &'static str) -> StreamEntry {
        StreamEntry { id: id.into(), text: Some(Bytes::from(event)) }
    }

    #[test]
    fn entries_are_read_also_those_that_are_gone_or_hold_something_else() {
        let other = list([text("3-0"), list([text("x"), text("17:3")])]);
        let gone = list([text("2-0"), Value::Nil]);
        let answer = list([list([text("events"), list([raw("1-0", "17:3"), gone, other])])]);
        let gone = StreamEntry { id: "2-0".into(), text: None };
        assert_eq!(entries(answer).unwrap(), [known("1-0", "17:3"), gone, known("3-0", "")]);
        assert_eq!(entries(Value::Nil).unwrap(), []);
        for wrong in
            [Value::Okay, list([text("events")]), list([list([text("events"), list([text("1-0")])])])]
        {
            assert!(entries(wrong).is_err());
        }
    }

    #[test]
    fn what_was_claimed_is_told_with_how_much_is_gone_by_old_servers_and_new() {
        let new = list([text("0-0"), list([raw("1-0", "17:3")]), list([text("2-0"), text("3-0")])]);
        let expected = Claimed { next: None, entries: vec![known("1-0", "17:3")], gone: 2 };
        assert_eq!(claimed(new).unwrap(), expected);
        let old = list([text("4-0"), list([Value::Nil, raw("1-0", "17:3")])]);
        assert_eq!(claimed(old).unwrap(), Claimed { next: Some("4-0".into()), gone: 1, ..expected });
        assert!(claimed(list([text("0-0")])).is_err());
    }

    #[test]
    fn a_stream_has_all_behind_an_entry_as_long_as_it_has_the_entry() {
        let facts = |first: Value| list([text("last-generated-id"), text("9-2"), text("first-entry"), first]);
        let whole = span(facts(raw("5-1", "17:3"))).unwrap();
        for (id, has) in [("5-0", false), ("5-1", true), ("9-2", true), ("10-0", false), ("nonsense", false)]
        {
            assert_eq!(whole.has_all_behind(id), has, "{id}");
        }
        assert!(whole.has_before("5-2") && !whole.has_before("5-1") && !whole.has_before("5-0"));
        let empty = span(facts(Value::Nil)).unwrap();
        assert!(!empty.has_all_behind("9-2") && !empty.has_before("9-2"));
        assert!(span(list([])).is_err());
    }

    #[test]
    fn a_group_is_found_by_its_name() {
        let group = |name| list([text("name"), text(name), text("last-delivered-id"), text("7-0")]);
        let groups = list([group("service-0"), group("service-1")]);
        assert_eq!(last_delivered(groups.clone(), "service-1").unwrap().as_deref(), Some("7-0"));
        assert_eq!(last_delivered(groups, "service-2").unwrap(), None);
    }
}
