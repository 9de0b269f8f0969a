//! The messages of pgoutput, protocol version 1 (PostgreSQL documentation, "Logical Replication Message Formats").

use bytes::{Buf, Bytes};

use super::SCHEMA;
use crate::model::Event;

/// A message that is not as documented, or a row that is not one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a change of {0} cannot be read")]
pub struct Unreadable(&'static str);

/// What a message says, of what we want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A row of ours was made or changed.
    Written(Event),
    /// A transaction, whose changes came before, ends in front of this place in the log.
    Committed(u64),
    Other,
}

/// Reads the messages of one slot, in their order.
#[derive(Default)]
pub struct Changes {
    items: Option<Items>,
}

/// How the server calls our table, and in which columns its ids and versions are.
struct Items {
    relation: u32,
    id: usize,
    version: usize,
}

/// A column of a row.
enum Column {
    Text(Bytes),
    /// Null, unchanged and stored elsewhere, or in another format.
    Untold,
}

impl Changes {
    /// # Errors
    /// When the message is not as documented.
    pub fn read(&mut self, message: impl Into<Bytes>) -> Result<Change, Unreadable> {
        let mut message = Message(message.into());
        match message.byte("no kind")? {
            b'C' => {
                message.skip(1 + 8, "a commit")?;
                message.u64("a commit").map(Change::Committed)
            }
            b'R' => self.relation(message).map(|()| Change::Other),
            b'I' => self.row(message, "an insertion"),
            b'U' => self.row(message, "an update"),
            _ => Ok(Change::Other),
        }
    }

    fn relation(&mut self, mut message: Message) -> Result<(), Unreadable> {
        const WHAT: &str = "a table";
        let relation = message.u32(WHAT)?;
        let (schema, table) = (message.text(WHAT)?, message.text(WHAT)?);
        message.skip(1, WHAT)?;
        let mut names = Vec::new();
        for _ in 0..message.u16(WHAT)? {
            message.skip(1, WHAT)?;
            names.push(message.text(WHAT)?);
            message.skip(4 + 4, WHAT)?;
        }
        if (&schema[..], &table[..]) == (SCHEMA.as_bytes(), b"items") {
            let place = |name: &str| names.iter().position(|it| &it[..] == name.as_bytes());
            let (Some(id), Some(version)) = (place("id"), place("version")) else {
                return Err(Unreadable("a table of another shape"));
            };
            self.items = Some(Items { relation, id, version });
        }
        Ok(())
    }

    fn row(&self, mut message: Message, what: &'static str) -> Result<Change, Unreadable> {
        let relation = message.u32(what)?;
        let Some(items) = self.items.as_ref().filter(|items| items.relation == relation) else {
            return Ok(Change::Other);
        };
        // The row as it was may come first, or its key.
        let mut kind = message.byte(what)?;
        if matches!(kind, b'K' | b'O') {
            message.columns(what)?;
            kind = message.byte(what)?;
        }
        if kind != b'N' {
            return Err(Unreadable(what));
        }
        let columns = message.columns(what)?;
        let number = |place: usize| match columns.get(place) {
            Some(Column::Text(text)) => std::str::from_utf8(text).ok()?.parse().ok(),
            _ => None,
        };
        match (number(items.id), number(items.version)) {
            (Some(id), Some(version)) => Ok(Change::Written(Event::new(id, version))),
            _ => Err(Unreadable(what)),
        }
    }
}

/// What is left to be read of a message.
struct Message(Bytes);

impl Message {
    fn skip(&mut self, bytes: usize, what: &'static str) -> Result<(), Unreadable> {
        self.take(bytes, what).map(drop)
    }

    fn take(&mut self, bytes: usize, what: &'static str) -> Result<Bytes, Unreadable> {
        if bytes > self.0.len() {
            return Err(Unreadable(what));
        }
        Ok(self.0.split_to(bytes))
    }

    fn byte(&mut self, what: &'static str) -> Result<u8, Unreadable> {
        self.0.try_get_u8().map_err(|_| Unreadable(what))
    }

    fn u16(&mut self, what: &'static str) -> Result<u16, Unreadable> {
        self.0.try_get_u16().map_err(|_| Unreadable(what))
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, Unreadable> {
        self.0.try_get_u32().map_err(|_| Unreadable(what))
    }

    fn u64(&mut self, what: &'static str) -> Result<u64, Unreadable> {
        self.0.try_get_u64().map_err(|_| Unreadable(what))
    }

    /// Up to the byte 0, which is not part of it.
    fn text(&mut self, what: &'static str) -> Result<Bytes, Unreadable> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or(Unreadable(what))?;
        let text = self.0.split_to(end);
        self.skip(1, what)?;
        Ok(text)
    }

    fn columns(&mut self, what: &'static str) -> Result<Vec<Column>, Unreadable> {
        let mut columns = Vec::new();
        for _ in 0..self.u16(what)? {
            columns.push(match self.byte(what)? {
                b'n' | b'u' => Column::Untold,
                kind @ (b't' | b'b') => {
                    let length = self.u32(what)?;
                    let text = self.take(length as usize, what)?;
                    if kind == b't' { Column::Text(text) } else { Column::Untold }
                }
                _ => return Err(Unreadable(what)),
            });
        }
        Ok(columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::{Random, Stream};

    // As PostgreSQL 15 told them.
    const BEGUN: &str = "4200000000071697c80003042ee8eab45700011434";
    const TWO_COLUMNS: &str = "5200004001636163686562656e6368006974656d73006400020169640000000014ffffffff\
                               0076657273696f6e0000000014ffffffff";
    const ALL_COLUMNS: &str = "5200004001636163686562656e6368006974656d73006600040169640000000014ffffffff\
                               0176657273696f6e0000000014ffffffff01636865636b73756d0000000014ffffffff\
                               01626f64790000000011ffffffff";
    const UPDATED: &str = "55000040014e0002740000000133740000000135";
    const INSERTED: &str = "49000040014e000274000000053230303030740000000131";
    /// Its body is large, and as it was.
    const UPDATED_BESIDE_BODY: &str = "55000040014e000474000000013474000000013974000000013775";
    /// With the whole row as it was in front.
    const UPDATED_AFTER_OLD: &str = "55000040014f000474000000013574000000013674000000013774000000045c786364\
                                     4e000474000000013574000000013774000000013774000000045c786364";
    const TRUNCATED: &str = "54000000010000004001";
    const COMMITTED: &str = "430000000000071697c800000000071697f80003042ee8eab457";

    const CAPTURED: [&str; 9] = [
        BEGUN,
        TWO_COLUMNS,
        ALL_COLUMNS,
        UPDATED,
        INSERTED,
        UPDATED_BESIDE_BODY,
        UPDATED_AFTER_OLD,
        TRUNCATED,
        COMMITTED,
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(byte).collect()
    }

    fn told(messages: &[&str]) -> Vec<Change> {
        let mut changes = Changes::default();
        messages.iter().map(|message| changes.read(bytes(message)).unwrap()).collect()
    }

    fn written(row: u64, version: u64) -> Change {
        Change::Written(Event::new(row, version))
    }

    #[test]
    fn what_was_written_is_told_in_its_transaction() {
        let few = told(&[BEGUN, TWO_COLUMNS, UPDATED, INSERTED, TRUNCATED, COMMITTED]);
        let (other, committed) = (Change::Other, Change::Committed(0x0716_97f8));
        assert_eq!(few, [other, other, written(3, 5), written(20_000, 1), other, committed]);
        let all = told(&[ALL_COLUMNS, UPDATED_BESIDE_BODY, UPDATED_AFTER_OLD]);
        assert_eq!(all, [other, written(4, 9), written(5, 7)]);
    }

    #[test]
    fn tables_of_others_are_passed_over() {
        let elsewhere = TWO_COLUMNS.replace("6974656d7300", "6974656d7400");
        assert_eq!(told(&[&elsewhere, UPDATED]), [Change::Other; 2]);
        // The table of that number is not known yet.
        assert_eq!(told(&[UPDATED]), [Change::Other]);
        let without_versions = TWO_COLUMNS.replace("76657273696f6e", "56657273696f6e");
        assert!(Changes::default().read(bytes(&without_versions)).is_err());
    }

    #[test]
    fn a_message_that_ends_early_or_holds_anything_else_is_an_error_or_tells_something() {
        for message in CAPTURED.map(bytes) {
            for end in 0..message.len() {
                let mut changes = Changes::default();
                changes.read(bytes(TWO_COLUMNS)).unwrap();
                let read = changes.read(message[..end].to_vec());
                assert!(read.is_err() || read == Ok(Change::Other) || end > 17, "{end} of {message:x?}");
            }
            let mut random = Random::new(7, Stream::Operation, 0);
            for _ in 0..2_000 {
                let mut changes = Changes::default();
                changes.read(bytes(TWO_COLUMNS)).unwrap();
                let mut message = message.clone();
                let at = random.below(message.len() as u64) as usize;
                message[at] = random.below(256) as u8;
                // Whatever it says, it does not panic.
                let _ = changes.read(message);
            }
        }
        let version_untold = "55000040014e000274000000013375";
        let mut changes = Changes::default();
        changes.read(bytes(TWO_COLUMNS)).unwrap();
        assert_eq!(changes.read(bytes(version_untold)), Err(Unreadable("an update")));
    }
}
