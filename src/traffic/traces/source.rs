use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use super::error::shown;
use super::{Place, Position, TraceError, TraceKey};

/// The longest line of a trace, so that a binary file read as text does not fill the memory.
const LONGEST_LINE: usize = 1 << 20;

/// How much is read at once.
const BUFFER: usize = 64 << 10;

/// The bytes of a trace as a format consumes them, by lines or by records of a fixed length.
///
/// It knows where in the file it stands, so that every error can say so. A format uses either
/// lines or fixed records.
pub struct Source {
    path: Arc<Path>,
    /// With a buffer of its own: a call through the pointer for each record would cost more than the record.
    reader: BufReader<Box<dyn BufRead + Send>>,
    longest_line: usize,
    line: Vec<u8>,
    place: Place,
    /// Offset of the first byte not yet consumed by a fixed record.
    consumed: u64,
    records: u64,
}

impl Source {
    /// A source over the decompressed bytes of the file at `path`.
    pub fn new(path: &Path, reader: Box<dyn BufRead + Send>) -> Source {
        let reader = BufReader::with_capacity(BUFFER, reader);
        let (line, place, longest_line) = (Vec::new(), Place::Byte(0), LONGEST_LINE);
        Source { path: path.into(), reader, longest_line, line, place, consumed: 0, records: 0 }
    }

    /// With lines of up to `bytes`, where a format has a reason for longer ones.
    pub(super) fn with_lines_up_to(self, bytes: usize) -> Source {
        Source { longest_line: bytes, ..self }
    }

    /// What stands next, without going there: 4 KiB where the file has them.
    pub(super) fn ahead(&mut self) -> Result<&[u8], TraceError> {
        if let Err(reason) = self.reader.fill_buf() {
            return Err(self.unreadable(reason));
        }
        Ok(self.reader.buffer())
    }

    pub(super) fn path(&self) -> Arc<Path> {
        self.path.clone()
    }

    /// Goes to the next line that is not blank; false at the end of the file.
    pub(super) fn next_line(&mut self) -> Result<bool, TraceError> {
        let mut line = match self.place {
            Place::Line(line) => line,
            Place::Byte(_) => 0,
        };
        loop {
            line += 1;
            self.place = Place::Line(line);
            self.line.clear();
            let mut bounded = self.reader.by_ref().take(self.longest_line as u64 + 1);
            match bounded.read_until(b'\n', &mut self.line) {
                Ok(0) => return Ok(false),
                Ok(length) if length > self.longest_line => {
                    self.records += 1;
                    let wrong = format!("a line of more than {} MiB", self.longest_line >> 20);
                    return Err(self.wrong(wrong, "a text file with shorter lines"));
                }
                Ok(_) => {}
                Err(reason) => return Err(self.unreadable(reason)),
            }
            // Editors on Windows put a byte order mark there, which would become part of the first key.
            if line == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
                self.line.drain(..3);
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// The current line without its end, `\n` or `\r\n`.
    pub(super) fn line(&self) -> &[u8] {
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// Takes the current line for a record, which is what a header or a skipped line is not.
    pub(super) fn count(&mut self) {
        self.records += 1;
    }

    /// The next record of `N` bytes; `None` at the end of the file.
    #[inline]
    pub(super) fn next_record<const N: usize>(&mut self) -> Result<Option<[u8; N]>, TraceError> {
        let Some(record) = self.reader.buffer().first_chunk::<N>().copied() else {
            return self.next_record_across_buffers();
        };
        self.reader.consume(N);
        self.place = Place::Byte(self.consumed);
        self.records += 1;
        self.consumed += N as u64;
        Ok(Some(record))
    }

    #[cold]
    fn next_record_across_buffers<const N: usize>(&mut self) -> Result<Option<[u8; N]>, TraceError> {
        let mut record = [0; N];
        let mut present = 0;
        self.place = Place::Byte(self.consumed);
        while present < N {
            match self.reader.read(&mut record[present..]) {
                Ok(0) if present == 0 => return Ok(None),
                Ok(0) => {
                    self.records += 1;
                    return Err(TraceError::Truncated { at: self.position(), present, whole: N });
                }
                Ok(length) => present += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(reason) => return Err(self.unreadable(reason)),
            }
        }
        self.records += 1;
        self.consumed += N as u64;
        Ok(Some(record))
    }

    /// The key that the current record writes as `token`.
    pub(super) fn key(&self, token: &[u8]) -> Result<TraceKey, TraceError> {
        if token.is_empty() {
            return Err(self.wrong("an empty key", "a number or any other token"));
        }
        Ok(TraceKey::of(token))
    }

    /// An error about the current record: what stands there, and what should.
    #[cold]
    pub(super) fn wrong(&self, wrong: impl Into<String>, right: impl Into<String>) -> TraceError {
        TraceError::Record { at: self.position(), wrong: wrong.into(), right: right.into() }
    }

    /// An error about a part of the current record that holds `text`.
    #[cold]
    pub(super) fn misread(&self, what: &str, text: &[u8], right: impl Into<String>) -> TraceError {
        self.wrong(format!("{what} `{}`", shown(text)), right)
    }

    #[cold]
    fn unreadable(&mut self, reason: io::Error) -> TraceError {
        self.records += 1;
        TraceError::Read { at: self.position(), reason }
    }

    fn position(&self) -> Position {
        Position { path: self.path(), record: self.records, place: self.place }
    }
}

/// A reader, and up to `length` of its first bytes, which it will still deliver.
pub(super) type Peeked = (Vec<u8>, Box<dyn BufRead + Send>);

/// Looks ahead. A buffer alone would not do: a pipe may fill it with less than was asked for.
pub(super) fn peek(mut reader: Box<dyn BufRead + Send>, length: usize) -> io::Result<Peeked> {
    let mut head = Vec::with_capacity(length);
    reader.by_ref().take(length as u64).read_to_end(&mut head)?;
    Ok((head.clone(), Box::new(Cursor::new(head).chain(reader))))
}

#[cfg(test)]
impl Source {
    /// A source over bytes in memory, for the tests of the formats.
    pub(super) fn of(bytes: impl AsRef<[u8]> + Send + 'static) -> Source {
        Source::new(Path::new("some.trace"), Box::new(Cursor::new(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lose_their_ends_but_not_their_numbers() {
        let mut source = Source::of("\u{feff}a\r\n\r\n \t\n  b c \nd");
        let mut seen = Vec::new();
        while source.next_line().unwrap() {
            seen.push((source.line().to_vec(), source.place));
        }
        let expected = [("a", 1), ("  b c ", 4), ("d", 5)];
        assert_eq!(seen, expected.map(|(text, line)| (text.into(), Place::Line(line))));
    }

    #[test]
    fn an_endless_line_is_an_error_and_not_a_full_memory() {
        let error = Source::of(vec![b'x'; LONGEST_LINE + 2]).next_line().unwrap_err();
        assert!(error.to_string().starts_with("some.trace, record 1 (line 1): a line of more"), "{error}");
    }

    #[test]
    fn a_peeked_reader_still_delivers_everything() {
        let (head, mut reader) = peek(Box::new(Cursor::new(b"abcdef")), 4).unwrap();
        let mut whole = Vec::new();
        reader.read_to_end(&mut whole).unwrap();
        assert_eq!((head.as_slice(), whole.as_slice()), (&b"abcd"[..], &b"abcdef"[..]));
    }
}
