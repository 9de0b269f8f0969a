use super::Misread;
use crate::traffic::traces::decimal::{TimeUnit, digits, micros};
use crate::traffic::traces::error::shown;

/// A line of MONITOR: `1700000000.123456 [0 127.0.0.1:5000] "GET" "key"`.
pub(super) struct Line<'a> {
    pub time_us: u64,
    pub db: u32,
    /// The command and its arguments, still as they are escaped.
    pub words: Vec<Word<'a>>,
}

/// What stands between two quotes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Word<'a>(&'a [u8]);

const RIGHT: &str = r#"a line of MONITOR: 1700000000.123456 [0 127.0.0.1:5000] "GET" "key""#;

impl<'a> Line<'a> {
    /// Reads a line; `None` for the answer `OK` with which MONITOR begins, and which a new connection repeats.
    pub(super) fn read(line: &'a [u8]) -> Result<Option<Line<'a>>, Misread> {
        let line = line.trim_ascii();
        let line = line.strip_prefix(b"+").unwrap_or(line);
        if line == b"OK" {
            return Ok(None);
        }
        let wrong = |what: &str| Misread { wrong: format!("{what} in `{}`", shown(line)), right: RIGHT };
        let (time, rest) = split_once(line, b" [").ok_or_else(|| wrong("no client in brackets"))?;
        let time_us = micros(time, TimeUnit::Seconds).ok_or_else(|| wrong("no time"))?;
        let (client, rest) = split_once(rest, b"] \"").ok_or_else(|| wrong("no command"))?;
        let db = client.split(|byte| *byte == b' ').next().and_then(digits);
        let db = db.and_then(|db| u32::try_from(db).ok()).ok_or_else(|| wrong("no number of a database"))?;
        let words = words(rest).ok_or_else(|| wrong("a quote that stays open"))?;
        Ok(Some(Line { time_us, db, words }))
    }
}

fn split_once<'a>(text: &'a [u8], between: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(between.len()).position(|window| window == between)?;
    Some((&text[..at], &text[at + between.len()..]))
}

/// The words of a command, after its first quote; `None` when a quote stays open, or something stands between two.
fn words(mut rest: &[u8]) -> Option<Vec<Word<'_>>> {
    let mut words = Vec::new();
    loop {
        let end = closing_quote(rest)?;
        words.push(Word(&rest[..end]));
        match &rest[end + 1..] {
            b"" => return Some(words),
            more => rest = more.strip_prefix(b" \"")?,
        }
    }
}

/// Where the first quote is that is not escaped.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

impl Word<'_> {
    /// The bytes that the word stands for.
    pub(super) fn bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len());
        let mut rest = self.0;
        while let Some((byte, length)) = first(rest) {
            bytes.push(byte);
            rest = &rest[length..];
        }
        bytes
    }

    /// How many they are.
    pub(super) fn len(self) -> usize {
        let (mut length, mut rest) = (0, self.0);
        while let Some(escape) = rest.iter().position(|byte| *byte == b'\\') {
            let written = first(&rest[escape..]).map_or(1, |(_, written)| written);
            rest = &rest[escape + written..];
            length += escape + 1;
        }
        length + rest.len()
    }

    /// The number that it writes in digits.
    pub(super) fn number(self) -> Option<u64> {
        digits(self.0)
    }

    pub(super) fn is(self, word: &str) -> bool {
        self.0.eq_ignore_ascii_case(word.as_bytes())
    }

    /// In upper case, as commands are called in the documentation.
    pub(super) fn upper(self) -> Vec<u8> {
        self.0.to_ascii_uppercase()
    }
}

/// The first byte of an escaped text, and how many bytes write it.
fn first(text: &[u8]) -> Option<(u8, usize)> {
    let hex = |digit: &u8| (*digit as char).to_digit(16).map(|digit| digit as u8);
    Some(match text {
        [] => return None,
        [b'\\', b'x', high, low, ..] if hex(high).is_some() && hex(low).is_some() => {
            (hex(high)? << 4 | hex(low)?, 4)
        }
        [b'\\', b'n', ..] => (b'\n', 2),
        [b'\\', b'r', ..] => (b'\r', 2),
        [b'\\', b't', ..] => (b'\t', 2),
        [b'\\', b'a', ..] => (7, 2),
        [b'\\', b'b', ..] => (8, 2),
        [b'\\', byte, ..] => (*byte, 2),
        [byte, ..] => (*byte, 1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line<'_> {
        Line::read(text.as_bytes()).ok().flatten().unwrap()
    }

    #[test]
    fn a_line_has_a_time_a_database_and_words() {
        let read = line("+1700000000.123456 [3 127.0.0.1:5000] \"GET\" \"a b\"\r\n");
        assert_eq!((read.time_us, read.db), (1_700_000_000_123_456, 3));
        assert_eq!(read.words, [Word(b"GET"), Word(b"a b")]);
        assert_eq!(line("1.5 [0 lua] \"PING\"").words, [Word(b"PING")]);
        assert_eq!(line("1.5 [0 unix:/tmp/a b.sock] \"GET\" \"k\"").words.len(), 2);
        assert!(matches!(Line::read(b"OK\n"), Ok(None)) && matches!(Line::read(b"+OK\r\n"), Ok(None)));
    }

    #[test]
    fn escapes_are_undone_and_counted_as_the_bytes_they_stand_for() {
        for (text, bytes) in [
            (r#"a\"b"#, &b"a\"b"[..]),
            (r"a\\", b"a\\"),
            (r"\x00\xfF\n\r\t\a\b", b"\0\xff\n\r\t\x07\x08"),
            (r"\xg1", b"xg1"),
            ("", b""),
        ] {
            let text = format!("1.5 [0 a] \"SET\" \"{text}\" \"v\"");
            let word = line(&text).words[1];
            assert_eq!((word.bytes().as_slice(), word.len()), (bytes, bytes.len()), "{text}");
        }
    }

    #[test]
    fn other_lines_are_told_what_they_lack() {
        for (text, wrong) in [
            ("hello", "no client in brackets in `hello`"),
            ("x [0 a] \"GET\"", "no time"),
            ("1.5 [0 a] GET", "no command"),
            ("1.5 [a] \"GET\" \"k\"", "no number of a database"),
            ("1.5 [0 a] \"GET\" \"k", "a quote that stays open"),
            ("1.5 [0 a] \"GET\" \"k\\", "a quote that stays open"),
            ("1.5 [0 a] \"GET\"\"k\"", "a quote that stays open"),
        ] {
            let misread = Line::read(text.as_bytes()).err().unwrap();
            assert!(misread.wrong.starts_with(wrong), "{text}: {}", misread.wrong);
        }
    }
}
