use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use ::csv::ByteRecord;

use super::columns::{self, Columns, Wanted};
use super::decimal::{TimeUnit, micros};
use super::request::says_size;
use super::rows::{self, Rows};
use super::words::Words;
use super::{Request, Sample, Source, TraceError, TraceFormat};
use crate::registry::{self, Entry, NoOptions};
use repeats::Repeats;

mod repeats;

pub(super) const ENTRY: Entry<dyn TraceFormat, Source> = Entry {
    name: "cachelib",
    summary: "text, the key-value traces of CacheLib: a header, and rows that stand for `op_count` requests",
    options: registry::schema_of::<NoOptions>,
    build: |options, source| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(CacheLib::new(source)))
    },
};

/// A table with a header that has at least the columns `key`, `op` and `op_count`, in any order.
///
/// A row is for one second, in which it stands for `op_count` requests. They are spread evenly over it, and those
/// of different rows lie between each other as their times tell. Without a column `op_time`, the requests of a row
/// follow each other.
struct CacheLib {
    rows: Rows,
    words: Words,
    /// Known once the first line was read.
    found: Option<Found>,
    /// The requests of the second that is under way.
    due: BinaryHeap<Reverse<Repeats>>,
    /// The first row of the second after it.
    held: Option<Repeats>,
    rows_read: u64,
}

/// What a row is made of.
struct Found {
    columns: Columns,
    op: usize,
    count: usize,
}

const COUNT: &str = "op_count";
/// The largest `op_count`: more than any cache serves in a second.
const MOST_REPEATS: u64 = 10_000_000;
/// So many rows of one second are held at a time; what is beyond comes after them.
const MOST_ROWS: usize = 1 << 17;

impl CacheLib {
    fn new(source: Source) -> CacheLib {
        CacheLib {
            rows: Rows::new(source, b','),
            words: Words::default(),
            found: None,
            due: BinaryHeap::new(),
            held: None,
            rows_read: 0,
        }
    }

    fn find_columns(&self) -> Result<Found, TraceError> {
        let header = self.rows.row();
        let found = || {
            let columns = Wanted::default().find(header, true)?;
            let op = columns.op.ok_or("no column `op`")?;
            let count = columns::position(header, COUNT).ok_or("no column `op_count`")?;
            Ok(Found { columns, op, count })
        };
        found().map_err(|wrong: String| self.rows.misnamed(wrong))
    }

    /// The current row; `None` when it stands for no request.
    fn row(&self, found: &Found) -> Result<Option<Repeats>, TraceError> {
        let (rows, columns) = (&self.rows, &found.columns);
        let mut request = Request::of(rows.key(columns.key)?);
        let word = rows.cell(found.op)?;
        let right = || format!("one of: {}", self.words.list());
        let kind = self.words.kind(word).ok_or_else(|| rows.unreadable("operation", word, right()))?;
        request.op = Some(kind);
        if let Some(column) = columns.size {
            request.size = rows.size(column)?.filter(|size| says_size(kind, *size));
        }
        if let Some(column) = columns.ttl {
            request.ttl = rows.seconds(column, "time to live")?;
        }
        if let Some(column) = columns.time {
            let text = rows.cell(column)?;
            let right = "a number of seconds that is not negative";
            let time = micros(text, TimeUnit::Seconds).ok_or_else(|| rows.unreadable("time", text, right))?;
            request.at_us = Some(time);
        }
        let count = rows.number(found.count, COUNT, MOST_REPEATS)?.unwrap_or(1);
        Ok((count > 0).then(|| Repeats::new(request, count, self.rows_read)))
    }

    /// The next row that stands for requests.
    fn next_row(&mut self) -> Result<Option<Repeats>, TraceError> {
        while self.rows.next()? {
            if self.found.is_none() {
                self.found = Some(self.find_columns()?);
                continue;
            }
            self.rows.count();
            self.rows_read += 1;
            let row = self.found.as_ref().map(|found| self.row(found)).transpose()?;
            if let Some(repeats) = row.flatten() {
                return Ok(Some(repeats));
            }
        }
        Ok(None)
    }

    /// Takes in the rows of the next second.
    fn next_second(&mut self) -> Result<(), TraceError> {
        let Some(first) = self.held.take().map_or_else(|| self.next_row(), |held| Ok(Some(held)))? else {
            return Ok(());
        };
        let second = first.second();
        self.due.push(Reverse(first));
        while second.is_some() && self.due.len() < MOST_ROWS {
            match self.next_row()? {
                Some(row) if row.second() == second => self.due.push(Reverse(row)),
                other => {
                    self.held = other;
                    break;
                }
            }
        }
        Ok(())
    }
}

impl TraceFormat for CacheLib {
    fn next(&mut self) -> Result<Option<Request>, TraceError> {
        if self.due.is_empty() {
            self.next_second()?;
        }
        let Some(mut first) = self.due.peek_mut() else { return Ok(None) };
        Ok(Some(match first.0.take() {
            (request, true) => request,
            (request, false) => {
                PeekMut::pop(first);
                request
            }
        }))
    }
}

/// Whether the first line is a header with the columns that no other table has.
pub(super) fn recognises(sample: &Sample) -> bool {
    let header = rows::split(sample.lines().next().unwrap_or_default(), b',');
    let has = |header: &ByteRecord, name| columns::position(header, name).is_some();
    sample.is_text() && ["key", "op", COUNT].iter().all(|name| has(&header, name))
}

#[cfg(test)]
mod tests;
