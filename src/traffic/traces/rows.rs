use std::io::{self, Read};
use std::time::Duration;

use ::csv::{ByteRecord, Reader, ReaderBuilder, Terminator};

use super::decimal::{TimeUnit, digits, micros};
use super::{Source, TraceError, TraceKey, columns};

/// The lines of a table, split into cells.
///
/// Blanks around a cell are not part of it, cells may stand in double quotes, and blank lines are none.
pub(super) struct Rows {
    reader: Reader<Line>,
    row: ByteRecord,
}

impl Rows {
    pub(super) fn new(source: Source, delimiter: u8) -> Rows {
        Rows { reader: reader(Line { source, sent: 0 }, delimiter), row: ByteRecord::new() }
    }

    /// Goes to the next row; false at the end of the file.
    pub(super) fn next(&mut self) -> Result<bool, TraceError> {
        let line = self.reader.get_mut();
        line.sent = 0;
        if !line.source.next_line()? {
            return Ok(false);
        }
        match self.reader.read_byte_record(&mut self.row) {
            Ok(_) => Ok(true),
            Err(_) => Err(self.source().wrong("a quote that stays open", "its end on the same line")),
        }
    }

    /// Takes the current row for a record.
    pub(super) fn count(&mut self) {
        self.reader.get_mut().source.count();
    }

    pub(super) fn row(&self) -> &ByteRecord {
        &self.row
    }

    pub(super) fn source(&self) -> &Source {
        &self.reader.get_ref().source
    }

    /// The cell of a column, which the row has to reach.
    pub(super) fn cell(&self, column: usize) -> Result<&[u8], TraceError> {
        self.row.get(column).map(<[u8]>::trim_ascii).ok_or_else(|| {
            let wrong = format!("a row of {} columns", self.row.len());
            self.source().wrong(wrong, format!("at least {}, up to the last one in use", column + 1))
        })
    }

    /// The key in the cell of a column.
    pub(super) fn key(&self, column: usize) -> Result<TraceKey, TraceError> {
        self.source().key(self.cell(column)?)
    }

    /// The bytes of an object in the cell of a column; an empty cell is none.
    pub(super) fn size(&self, column: usize) -> Result<Option<u32>, TraceError> {
        // What fits into the bound fits into the type.
        Ok(self.number(column, "size", u32::MAX.into())?.map(|size| size as u32))
    }

    /// The number in the cell of a column; an empty cell is none.
    pub(super) fn number(&self, column: usize, what: &str, largest: u64) -> Result<Option<u64>, TraceError> {
        let text = self.cell(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        let number = digits(text).filter(|number| *number <= largest);
        number.map(Some).ok_or_else(|| self.unreadable(what, text, format!("a whole number up to {largest}")))
    }

    /// The length of time in the cell of a column, in seconds; an empty cell and 0 are none.
    pub(super) fn seconds(&self, column: usize, what: &str) -> Result<Option<Duration>, TraceError> {
        let text = self.cell(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        let right = "a decimal number of seconds that is not negative, 0 for ever";
        let micros = micros(text, TimeUnit::Seconds).ok_or_else(|| self.unreadable(what, text, right))?;
        Ok(Some(Duration::from_micros(micros)).filter(|length| !length.is_zero()))
    }

    /// An error about the columns that the current row, a header, names.
    #[cold]
    pub(super) fn misnamed(&self, wrong: String) -> TraceError {
        TraceError::Column { path: self.source().path(), wrong, columns: columns::list(&self.row) }
    }

    /// An error about a cell that holds `text`.
    #[cold]
    pub(super) fn unreadable(&self, what: &str, text: &[u8], right: impl Into<String>) -> TraceError {
        self.source().misread(what, text, right)
    }
}

/// The cells of a single line.
pub(super) fn split(line: &[u8], delimiter: u8) -> ByteRecord {
    let mut cells = ByteRecord::new();
    match reader(line, delimiter).read_byte_record(&mut cells) {
        Ok(_) => cells,
        Err(_) => ByteRecord::new(),
    }
}

fn reader<R: Read>(bytes: R, delimiter: u8) -> Reader<R> {
    let mut builder = ReaderBuilder::new();
    // A lone `\r` would otherwise end a row within its line, and rows and lines would drift apart.
    builder.terminator(Terminator::Any(b'\n'));
    builder.has_headers(false).flexible(true).delimiter(delimiter).from_reader(bytes)
}

/// Hands the reader of rows the current line of the source and no more.
///
/// So a stray quote cannot swallow the lines after it, and the source's line is the row's.
struct Line {
    source: Source,
    sent: usize,
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let line = self.source.line();
        let rest = match line.get(self.sent..) {
            Some(b"") => b"\n",
            Some(rest) => rest,
            None => return Err(io::ErrorKind::InvalidData.into()),
        };
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.sent += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &'static str) -> Rows {
        Rows::new(Source::of(text), b',')
    }

    #[test]
    fn rows_are_lines_with_blanks_quotes_and_odd_ends() {
        let long = "x".repeat(20_000);
        let mut rows = Rows::new(Source::of(format!("a , b\r\n\r\n\"c,\"\"d\"\"\",e\rf\n{long},\n1")), b',');
        let mut seen = Vec::new();
        while rows.next().unwrap() {
            let cells = (0..rows.row().len()).map(|column| rows.cell(column).unwrap());
            seen.push(cells.map(|cell| String::from_utf8_lossy(cell).into_owned()).collect::<Vec<_>>());
        }
        assert_eq!(seen, [vec!["a", "b"], vec!["c,\"d\"", "e\rf"], vec![&long, ""], vec!["1"]]);
    }

    #[test]
    fn an_open_quote_is_an_error_on_its_own_line() {
        let mut rows = rows("1,2\n\"3,4\n5,6\"\n");
        assert!(rows.next().unwrap());
        let error = rows.next().unwrap_err().to_string();
        assert!(error.contains("(line 2): a quote that stays open"), "{error}");
    }

    #[test]
    fn a_short_row_and_a_wrong_number_are_told() {
        let mut rows = rows("1,,x,300\n");
        rows.next().unwrap();
        assert_eq!(rows.number(0, "size", 9).unwrap(), Some(1));
        assert_eq!(rows.number(1, "size", 9).unwrap(), None);
        for (column, wrong) in [
            (2, "size `x`; expected a whole"),
            (3, "size `300`"),
            (4, "a row of 4 columns; expected at least 5"),
        ] {
            let error = rows.number(column, "size", 9).unwrap_err().to_string();
            assert!(error.contains(wrong), "{error}");
        }
    }
}
