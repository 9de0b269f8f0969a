use bytes::Bytes;

/// The word of a write: which row, and the version that the write made.
///
/// Versions of a row are dense and in the order of its commits, so that an event that comes late, twice or out of order is
/// known for what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// The row's id.
    pub row: u64,
    /// Nothing where whoever tells of it does not know: the row as it is by now.
    pub version: Option<u64>,
}

impl Event {
    /// That a row was written with a version.
    pub fn new(row: u64, version: u64) -> Event {
        Event { row, version: Some(version) }
    }

    /// That a row was written, some time before now.
    pub fn of_row(row: u64) -> Event {
        Event { row, version: None }
    }

    /// As it travels: `17:3`, or `17` without a version.
    pub fn encode(self) -> Bytes {
        match self.version {
            Some(version) => format!("{}:{version}", self.row).into(),
            None => self.row.to_string().into(),
        }
    }

    /// Reads what [`Event::encode`] has made; nothing of anything else.
    pub fn decode(text: &[u8]) -> Option<Event> {
        let text = std::str::from_utf8(text).ok()?;
        match text.split_once(':') {
            Some((row, version)) => Some(Event::new(row.parse().ok()?, version.parse().ok()?)),
            None => Some(Event::of_row(text.parse().ok()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_and_nothing_else() {
        for event in [Event::new(17, 3), Event::of_row(17), Event::new(u64::MAX, u64::MAX)] {
            assert_eq!(Event::decode(&event.encode()), Some(event));
        }
        for wrong in ["", ":", "17:", ":3", "a:3", "17:3:4", "-1:2", "\u{fffd}"] {
            assert_eq!(Event::decode(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
