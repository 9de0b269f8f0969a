use ::csv::ByteRecord;
use schemars::JsonSchema;
use serde::Deserialize;

use super::error::shown;

/// A column of a table: its name in the header, or its index from 0.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(untagged, expecting = "expected the name of a column or its index from 0")]
pub(super) enum Column {
    Index(usize),
    Name(String),
}

/// The columns that the user named or numbered.
#[derive(Default)]
pub(super) struct Wanted {
    pub time: Option<Column>,
    pub key: Option<Column>,
    pub size: Option<Column>,
    pub op: Option<Column>,
    pub ttl: Option<Column>,
}

/// The columns of a file, by their indices from 0.
pub(super) struct Columns {
    pub time: Option<usize>,
    pub key: usize,
    pub size: Option<usize>,
    pub op: Option<usize>,
    pub ttl: Option<usize>,
}

/// By which names a column is recognised; the first that the header has is taken.
const TIME: &[&str] = &["time", "timestamp", "op_time"];
const KEY: &[&str] = &["key", "lbn", "object", "obj_id", "id", "key_id"];
const SIZE: &[&str] = &["size", "object_size"];
const OP: &[&str] = &["op", "operation", "cmd"];
const TTL: &[&str] = &["ttl"];

impl Wanted {
    /// Finds the columns in the first line of a table, which is a header or, without one, a row.
    ///
    /// # Errors
    /// What is wrong when a column that was named is not there, or none holds the key.
    pub(super) fn find(&self, first: &ByteRecord, header: bool) -> Result<Columns, String> {
        let find = |column: &Option<Column>, recognised: &[&str]| match column {
            Some(Column::Index(index)) if *index < first.len() => Ok(Some(*index)),
            Some(Column::Index(index)) => Err(format!("no column {index}, counted from 0")),
            Some(Column::Name(name)) if header => {
                let found = position(first, name);
                found.map(Some).ok_or_else(|| format!("unknown column `{name}`"))
            }
            Some(Column::Name(name)) => Err(format!("no header that names a column `{name}`")),
            None if header => Ok(recognised.iter().find_map(|name| position(first, name))),
            None => Ok(None),
        };
        let key = find(&self.key, KEY)?.ok_or("no column known to hold the key, name it with `key`")?;
        Ok(Columns {
            time: find(&self.time, TIME)?,
            key,
            size: find(&self.size, SIZE)?,
            op: find(&self.op, OP)?,
            ttl: find(&self.ttl, TTL)?,
        })
    }

    /// Whether the first line of a table is a header: it starts with `#`, the user gave names, or
    /// one of its cells is a recognised name.
    pub(super) fn have_header(&self, first: &ByteRecord) -> bool {
        let named = [&self.time, &self.key, &self.size, &self.op, &self.ttl];
        first.as_slice().starts_with(b"#")
            || named.iter().any(|column| matches!(column, Some(Column::Name(_))))
            || [TIME, KEY, SIZE, OP, TTL].concat().iter().any(|name| position(first, name).is_some())
    }
}

/// Whether a line of cells names a column that holds keys.
pub(super) fn names_a_key(line: &ByteRecord) -> bool {
    KEY.iter().any(|name| position(line, name).is_some())
}

/// The cells of a line, as an error lists them.
pub(super) fn list(line: &ByteRecord) -> String {
    line.iter().enumerate().map(|(index, cell)| shown(name_of(index, cell))).collect::<Vec<_>>().join(", ")
}

/// Where a header has the column `name`, in any case.
pub(super) fn position(header: &ByteRecord, name: &str) -> Option<usize> {
    let mut cells = header.iter().enumerate();
    let (index, _) =
        cells.find(|(index, cell)| name_of(*index, cell).eq_ignore_ascii_case(name.as_bytes()))?;
    Some(index)
}

/// The name in a cell of a header, the first of which may carry the mark of a comment.
fn name_of(index: usize, cell: &[u8]) -> &[u8] {
    let cell = if index == 0 { cell.strip_prefix(b"#").unwrap_or(cell) } else { cell };
    cell.trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognised_names_are_taken_in_their_order_and_in_any_case() {
        let header = ByteRecord::from(vec!["# Time", " id", "OBJECT ", "op_count"]);
        let found = Wanted::default().find(&header, true).unwrap();
        assert_eq!((found.time, found.key, found.size, found.op, found.ttl), (Some(0), 2, None, None, None));
    }

    #[test]
    fn a_column_is_named_or_numbered_and_must_be_there() {
        let header = ByteRecord::from(vec!["a", "b"]);
        let key = |column| Wanted { key: Some(column), ..Wanted::default() };
        assert_eq!(key(Column::Index(1)).find(&header, false).unwrap().key, 1);
        assert_eq!(key(Column::Name("b".into())).find(&header, true).unwrap().key, 1);
        for (column, header_there, wrong) in [
            (Column::Index(2), true, "no column 2"),
            (Column::Name("c".into()), true, "unknown column `c`"),
            (Column::Name("a".into()), false, "no header"),
        ] {
            let error = key(column).find(&header, header_there).err().unwrap();
            assert!(error.contains(wrong), "{error}");
        }
    }
}
