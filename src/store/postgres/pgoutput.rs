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
