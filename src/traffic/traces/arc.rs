use super::decimal::digits;
use super::{Request, Sample, Source, TraceError, TraceFormat, TraceKey};
use crate::registry::{self, Entry, NoOptions};

pub(super) const ENTRY: Entry<dyn TraceFormat, Source> = Entry {
    name: "arc",
    summary: "text, the block traces of ARC (.lis): start block, number of blocks, ignored, number of the request",
    options: registry::schema_of::<NoOptions>,
    build: |options, source| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Arc { source, next: 0, left: 0 }))
    },
};

/// A line stands for requests of consecutive blocks; a line of no blocks for none.
struct Arc {
    source: Source,
    /// The next block of the current line, and how many of it are left.
    next: u64,
    left: u64,
}

/// The most blocks of a line: 8 GiB of 512 bytes, so that one damaged line is not a whole trace.
const MOST_BLOCKS: u64 = 1 << 24;

/// The four numbers of a line.
fn cells(line: &[u8]) -> Option<[&[u8]; 4]> {
    let mut cells = line.split(u8::is_ascii_whitespace).filter(|cell| !cell.is_empty());
    let four = [cells.next()?, cells.next()?, cells.next()?, cells.next()?];
    cells.next().is_none().then_some(four)
}

impl Arc {
    /// The blocks of the current line: the first, and how many.
    fn blocks(&self) -> Result<(u64, u64), TraceError> {
        let line = self.source.line();
        let Some([start, count, _, _]) = cells(line) else {
            return Err(self.source.misread(
                "the line",
                line,
                "4 numbers: start_block n_blocks 0 request_no",
            ));
        };
        let right = "a whole number below 2^64";
        let first = digits(start).ok_or_else(|| self.source.misread("start block", start, right))?;
        let blocks = digits(count).filter(|blocks| *blocks <= MOST_BLOCKS);
        let right = || format!("a whole number up to {MOST_BLOCKS}");
        let blocks = blocks.ok_or_else(|| self.source.misread("number of blocks", count, right()))?;
        match first.checked_add(blocks) {
            Some(_) => Ok((first, blocks)),
            None => Err(self.source.misread("start block", start, "blocks that end below 2^64")),
        }
    }
}

impl TraceFormat for Arc {
    fn next(&mut self) -> Result<Option<Request>, TraceError> {
        while self.left == 0 {
            if !self.source.next_line()? {
                return Ok(None);
            }
            self.source.count();
            (self.next, self.left) = self.blocks()?;
        }
        let block = self.next;
        // The last block of a line was found to be in the range.
        self.next += 1;
        self.left -= 1;
        Ok(Some(Request::of(TraceKey::Number(block))))
    }
}

/// Whether the first lines are four numbers, the third of which is 0 or the name ends in `.lis`.
pub(super) fn recognises(sample: &Sample) -> bool {
    let named = sample.name_ends_with(".lis");
    let row = |line| {
        cells(line).is_some_and(|cells| {
            cells.iter().all(|cell| digits(cell).is_some()) && (named || cells[2] == b"0")
        })
    };
    let mut lines = sample.lines().peekable();
    sample.is_text() && lines.peek().is_some() && lines.all(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Result<Vec<TraceKey>, String> {
        let mut trace = Arc { source: Source::of(text), next: 0, left: 0 };
        let mut requests = Vec::new();
        trace.read(&mut requests, 100).map_err(|error| error.to_string())?;
        Ok(requests.into_iter().map(|request| request.key).collect())
    }

    #[test]
    fn a_line_stands_for_consecutive_blocks() {
        let keys = read("5 3 0 0\r\n\r\n9 0 0 1\n18446744073709551614 1 0 2\n4 1 0 3").unwrap();
        assert_eq!(keys, [5, 6, 7, u64::MAX - 1, 4].map(TraceKey::Number));
    }

    #[test]
    fn wrong_lines_are_told() {
        for (line, wrong) in [
            ("1 2 0", "the line `1 2 0`; expected 4 numbers"),
            ("1 2 0 3 4", "expected 4 numbers"),
            ("x 2 0 3", "start block `x`"),
            ("1 -2 0 3", "number of blocks `-2`"),
            ("1 16777217 0 3", "number of blocks `16777217`; expected a whole number up to 16777216"),
            ("18446744073709551615 2 0 3", "expected blocks that end below 2^64"),
        ] {
            let error = read(format!("1 1 0 0\n{line}\n").leak()).unwrap_err();
            assert!(error.starts_with("some.trace, record 2 (line 2): ") && error.contains(wrong), "{error}");
        }
    }

    #[test]
    fn four_numbers_are_recognised() {
        for (name, head, recognised) in [
            ("OLTP.lis.gz", "1 1 1 0\n5 2 0 1\n", true),
            ("OLTP", "1 1 0 0\n5 2 0 1\n", true),
            ("OLTP", "1 1 1 0\n5 2 0 1\n", false),
            ("OLTP.lis", "1 1 0\n", false),
            ("a", "", false),
        ] {
            assert_eq!(recognises(&Sample::new(name, head.as_bytes())), recognised, "{name} {head}");
        }
    }
}
