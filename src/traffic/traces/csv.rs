use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::columns::{self, Column, Columns, Wanted};
use super::decimal::{TimeUnit, micros};
use super::encoding::{Encoding, Misfit};
use super::rows::{self, Rows};
use super::words::Words;
use super::{Request, Sample, Source, TraceError, TraceFormat, TraceKey};
use crate::model::Kind;
use crate::registry::{self, Entry, OptionsError};

pub(super) const ENTRY: Entry<dyn TraceFormat, Source> = Entry {
    name: "csv",
    summary: "text, one request a line in columns that a header names or the options number",
    options: registry::schema_of::<Options>,
    build: |options, source| Ok(Box::new(Csv::new(registry::options(options)?, source)?)),
};

/// The options of `csv`: a column is its name in the header, or its index from 0.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// The column of times; by default `time`, `timestamp` or `op_time`.
    time: Option<Column>,
    /// The unit of the times; by default "s", as in the traces of CacheLib, Twitter and libCacheSim.
    time_unit: TimeUnit,
    /// The column of keys; by default `key`, `lbn`, `object`, `obj_id`, `id` or `key_id`.
    key: Option<Column>,
    /// The column of sizes in bytes; by default `size` or `object_size`.
    size: Option<Column>,
    /// The column of operations; by default `op`, `operation` or `cmd`.
    op: Option<Column>,
    /// What further words in the column of operations mean, as in { "X" = "read" }.
    #[schemars(schema_with = "ops_schema")]
    ops: BTreeMap<String, Kind>,
    /// The column of times to live in seconds, where 0 is for ever; by default `ttl`.
    ttl: Option<Column>,
    /// Whether the first line names the columns; by default it does if it starts with `#` or has a known name.
    header: Option<bool>,
    /// The character between two columns; by default ",".
    delimiter: Option<char>,
}

fn ops_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": { "enum": Kind::OF_ONE_ROW.map(Kind::name) } })
}

/// A table, one request a line, as spreadsheets, CacheLib and libCacheSim write them.
///
/// A row has to reach to the last column in use. But for the key, an empty cell is none.
struct Csv {
    rows: Rows,
    wanted: Wanted,
    header: Option<bool>,
    time_unit: TimeUnit,
    words: Words,
    /// Known once the first line was read.
    found: Option<Columns>,
}

impl Csv {
    fn new(options: Options, source: Source) -> Result<Csv, OptionsError> {
        let Options { time, time_unit, key, size, op, ops, ttl, header, delimiter } = options;
        let character = delimiter.unwrap_or(',');
        let delimiter =
            u8::try_from(character).ok().filter(|byte| byte.is_ascii() && !b"\"\r\n".contains(byte));
        let delimiter = delimiter.ok_or_else(|| {
            OptionsError(format!(
                "`delimiter` is {character:?}, expected a character such as ',', ';' or '\\t'"
            ))
        })?;
        if let Some((word, kind)) = ops.iter().find(|(_, kind)| !Kind::OF_ONE_ROW.contains(kind)) {
            let right = Kind::OF_ONE_ROW.map(Kind::name).join(", ");
            return Err(OptionsError(format!(
                "`ops` takes `{word}` for a {}, expected one of: {right}",
                kind.name()
            )));
        }
        let wanted = Wanted { time, key, size, op, ttl };
        let rows = Rows::new(source, delimiter);
        Ok(Csv { rows, wanted, header, time_unit, words: Words::new(ops), found: None })
    }

    /// Finds the columns in the first line, and whether it is a header.
    fn find_columns(&self) -> Result<(Columns, bool), TraceError> {
        let first = self.rows.row();
        let header = self.header.unwrap_or_else(|| self.wanted.have_header(first));
        let found = self.wanted.find(first, header).map_err(|wrong| self.rows.misnamed(wrong))?;
        Ok((found, header))
    }

    fn request(&self, columns: &Columns) -> Result<Request, TraceError> {
        let rows = &self.rows;
        let mut request = Request::of(rows.key(columns.key)?);
        if let Some(column) = columns.time {
            let text = rows.cell(column)?;
            let right = "a decimal number that is not negative";
            let time = || micros(text, self.time_unit).ok_or_else(|| rows.unreadable("time", text, right));
            request.at_us = (!text.is_empty()).then(time).transpose()?;
        }
        if let Some(column) = columns.op {
            let word = rows.cell(column)?;
            let right = || format!("one of: {}; give others a meaning with `ops`", self.words.list());
            let kind = || self.words.kind(word).ok_or_else(|| rows.unreadable("operation", word, right()));
            request.op = (!word.is_empty()).then(kind).transpose()?;
        }
        if let Some(column) = columns.size {
            request.size = rows.size(column)?;
        }
        if let Some(column) = columns.ttl {
            request.ttl = rows.seconds(column, "time to live")?;
        }
        Ok(request)
    }
}

impl TraceFormat for Csv {
    fn next(&mut self) -> Result<Option<Request>, TraceError> {
        if !self.rows.next()? {
            return Ok(None);
        }
        if self.found.is_none() {
            let (found, header) = self.find_columns()?;
            self.found = Some(found);
            if header && !self.rows.next()? {
                return Ok(None);
            }
        }
        self.rows.count();
        self.found.as_ref().map(|columns| self.request(columns)).transpose()
    }
}

/// Whether the name ends in `.csv`, or the first line is a header of several columns, one of them the key.
pub(super) fn recognises(sample: &Sample) -> bool {
    let first = sample.lines().next().unwrap_or_default();
    let header = rows::split(first, b',');
    let several = header.len() > 1 || first.starts_with(b"#");
    sample.is_text() && (sample.name_ends_with(".csv") || several && columns::names_a_key(&header))
}

/// Times and times to live are seconds, exact to the microsecond; what is not known is an empty cell.
pub(super) const ENCODING: Encoding = Encoding {
    name: ENTRY.name,
    suffixes: &[".csv"],
    head: "time,key,op,size,ttl\n",
    append: |request, out| {
        if let Some(us) = request.at_us {
            append_seconds(us, out);
        }
        out.push(b',');
        append_key(&request.key, out)?;
        out.push(b',');
        out.extend_from_slice(request.op.map_or("", written).as_bytes());
        out.push(b',');
        if let Some(size) = request.size {
            out.extend_from_slice(size.to_string().as_bytes());
        }
        out.push(b',');
        if let Some(ttl) = request.ttl {
            append_seconds(u64::try_from(ttl.as_micros()).unwrap_or(u64::MAX), out);
        }
        out.push(b'\n');
        Ok(())
    },
};

/// The words of operations, all of them known to [`Words`].
fn written(kind: Kind) -> &'static str {
    match kind {
        Kind::Read | Kind::MultiRead => "read",
        Kind::Write | Kind::Decrement | Kind::Fill => "write",
        Kind::Insert => "insert",
        Kind::Delete | Kind::Invalidate => "delete",
    }
}

fn append_seconds(us: u64, out: &mut Vec<u8>) {
    out.extend_from_slice((us / 1_000_000).to_string().as_bytes());
    let fraction = us % 1_000_000;
    if fraction > 0 {
        out.extend_from_slice(format!(".{fraction:06}").as_bytes());
    }
}

fn append_key(key: &TraceKey, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let token = key.token();
    let blanks = token.is_empty() || token.trim_ascii() != &*token;
    if blanks || token.iter().any(|byte| b"\r\n".contains(byte)) {
        return Err(Misfit::new(key, "a token without line ends and outer blanks"));
    }
    if !token.iter().any(|byte| b",\"".contains(byte)) {
        out.extend_from_slice(&token);
        return Ok(());
    }
    out.push(b'"');
    for byte in token.iter() {
        // A quote within quotes is doubled.
        out.extend_from_slice(if *byte == b'"' { b"\"\"" } else { std::slice::from_ref(byte) });
    }
    out.push(b'"');
    Ok(())
}

#[cfg(test)]
mod tests;
