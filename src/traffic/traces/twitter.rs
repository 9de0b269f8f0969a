use std::time::Duration;

use super::decimal::{TimeUnit, digits, micros};
use super::request::says_size;
use super::words::Words;
use super::{Request, Sample, Source, TraceError, TraceFormat};
use crate::registry::{self, Entry, NoOptions};

pub(super) const ENTRY: Entry<dyn TraceFormat, Source> = Entry {
    name: "twitter",
    summary: "text, the cache traces of Twitter: timestamp,key,key size,value size,client id,operation,TTL",
    options: registry::schema_of::<NoOptions>,
    build: |options, source| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Twitter { source, words: Words::default() }))
    },
};

/// Lines of seven cells without a header; times and times to live are seconds.
///
/// The size of a request is that of its value. A read of no bytes has found nothing, so its size is not known.
struct Twitter {
    source: Source,
    words: Words,
}

const COLUMNS: &str = "7: timestamp,key,key size,value size,client id,operation,TTL";

struct Cells<'a> {
    time: &'a [u8],
    key: &'a [u8],
    value_size: &'a [u8],
    operation: &'a [u8],
    ttl: &'a [u8],
}

/// The cells of a line. A key may hold commas: nothing else does.
fn cells(line: &[u8]) -> Option<Cells<'_>> {
    let comma = line.iter().position(|byte| *byte == b',')?;
    let mut cells = line[comma + 1..].rsplitn(6, |byte| *byte == b',').map(<[u8]>::trim_ascii);
    let (ttl, operation) = (cells.next()?, cells.next()?);
    let (_client, value_size, _key_size) = (cells.next()?, cells.next()?, cells.next()?);
    Some(Cells { time: line[..comma].trim_ascii(), key: cells.next()?, value_size, operation, ttl })
}

impl Twitter {
    fn request(&self) -> Result<Request, TraceError> {
        let line = self.source.line().trim_ascii();
        let Some(Cells { time, key, value_size, operation, ttl }) = cells(line) else {
            let columns = line.split(|byte| *byte == b',').count();
            return Err(self.source.wrong(format!("a row of {columns} columns"), COLUMNS));
        };
        let key = self.source.key(key)?;
        let misread = |what: &str, text, right: &str| self.source.misread(what, text, right);
        let at_us = micros(time, TimeUnit::Seconds)
            .ok_or_else(|| misread("time", time, "a number of seconds that is not negative"))?;
        let kind = self
            .words
            .kind(operation)
            .ok_or_else(|| misread("operation", operation, &format!("one of: {}", self.words.list())))?;
        let size = digits(value_size).and_then(|size| u32::try_from(size).ok());
        let size =
            size.ok_or_else(|| misread("value size", value_size, "a whole number of bytes below 4 GiB"))?;
        let seconds = digits(ttl).filter(|seconds| *seconds <= u32::MAX.into());
        let seconds = seconds.ok_or_else(|| misread("TTL", ttl, "a whole number of seconds, 0 for ever"))?;
        Ok(Request {
            at_us: Some(at_us),
            key,
            op: Some(kind),
            size: Some(size).filter(|size| says_size(kind, *size)),
            ttl: Some(Duration::from_secs(seconds)).filter(|ttl| !ttl.is_zero()),
        })
    }
}

impl TraceFormat for Twitter {
    fn next(&mut self) -> Result<Option<Request>, TraceError> {
        if !self.source.next_line()? {
            return Ok(None);
        }
        self.source.count();
        self.request().map(Some)
    }
}

/// Whether the first lines have the seven cells, with numbers and an operation where they belong.
pub(super) fn recognises(sample: &Sample) -> bool {
    let words = Words::default();
    let row = |line| {
        cells(line).is_some_and(|cells| {
            let numbers = [cells.time, cells.value_size, cells.ttl];
            numbers.iter().all(|text| digits(text).is_some()) && words.kind(cells.operation).is_some()
        })
    };
    let mut lines = sample.lines().peekable();
    sample.is_text() && lines.peek().is_some() && lines.all(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;
    use crate::traffic::traces::TraceKey;

    fn read(text: &'static str) -> Result<Vec<Request>, String> {
        let mut trace = Twitter { source: Source::of(text), words: Words::default() };
        let mut requests = Vec::new();
        trace.read(&mut requests, 100).map_err(|error| error.to_string())?;
        Ok(requests)
    }

    #[test]
    fn a_miss_has_no_size_and_a_ttl_of_0_is_for_ever() {
        let requests = read("5,k:1,3,0,10,get,0\r\n6,k:1,3,250,10,set,60\r\n7,9,1,0,4,delete,0\r\n").unwrap();
        let expected = [
            Request { at_us: Some(5_000_000), op: Some(Kind::Read), ..Request::of(TraceKey::of(b"k:1")) },
            Request {
                at_us: Some(6_000_000),
                key: TraceKey::of(b"k:1"),
                op: Some(Kind::Write),
                size: Some(250),
                ttl: Some(Duration::from_secs(60)),
            },
            Request { at_us: Some(7_000_000), op: Some(Kind::Delete), ..Request::of(TraceKey::Number(9)) },
        ];
        assert_eq!(requests, expected);
    }

    #[test]
    fn all_operations_are_known_and_a_key_may_hold_commas() {
        for (word, kind) in [
            ("get", Kind::Read),
            ("gets", Kind::Read),
            ("set", Kind::Write),
            ("add", Kind::Write),
            ("replace", Kind::Write),
            ("cas", Kind::Write),
            ("append", Kind::Write),
            ("prepend", Kind::Write),
            ("delete", Kind::Delete),
            ("incr", Kind::Write),
            ("decr", Kind::Write),
        ] {
            let line = format!("0,a,b,3,1,2,{word},0");
            let requests = read(line.leak()).unwrap();
            assert_eq!((requests[0].op, &requests[0].key), (Some(kind), &TraceKey::of(b"a,b")), "{word}");
        }
    }

    #[test]
    fn wrong_cells_are_told_with_their_line() {
        for (line, wrong) in [
            ("0,a,1,1,get,0", "(line 2): a row of 6 columns; expected 7: timestamp,"),
            ("x,a,1,1,1,get,0", "time `x`"),
            ("0,a,1,1,1,touch,0", "operation `touch`; expected one of: get,"),
            ("0,a,1,-1,1,get,0", "value size `-1`"),
            ("0,a,1,4294967296,1,get,0", "value size `4294967296`"),
            ("0,a,1,1,1,get,1.5", "TTL `1.5`"),
            ("0,,1,1,1,get,0", "an empty key"),
        ] {
            let error = read(format!("0,a,1,1,1,get,0\n{line}\n").leak()).unwrap_err();
            assert!(error.contains(wrong) && error.contains("record 2"), "{error}");
        }
    }

    #[test]
    fn seven_cells_with_an_operation_are_recognised() {
        for (head, recognised) in [
            ("0,abc,3,10,1,get,0\n0,d,3,10,1,set,5\n", true),
            ("0,abc,3,10,1,get,0\nrubbish\n", false),
            ("0,abc,3,10,1,touch,0\n", false),
            ("time,key,a,b,c,op,ttl\n", false),
            ("", false),
        ] {
            assert_eq!(recognises(&Sample::new("cluster52.csv", head.as_bytes())), recognised, "{head}");
        }
    }
}
