use serde::Deserialize;

use super::error::shown;
use super::{Request, Sample, Source, TraceError, TraceFormat, TraceKey};
use crate::registry::{self, Entry, NoOptions};

pub(super) const ENTRY: Entry<dyn TraceFormat, Source> = Entry {
    name: "mooncake",
    summary: "text, the prefix cache traces of Mooncake: JSON lines with `timestamp` and `hash_ids`",
    options: registry::schema_of::<NoOptions>,
    build: |options, source| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Mooncake { source, at_us: None, ids: Vec::new().into_iter() }))
    },
};

/// A line is a request to a language model, which asks the cache for every block of its prompt, in their order.
struct Mooncake {
    source: Source,
    /// The time of the current line.
    at_us: Option<u64>,
    /// What is left of it.
    ids: std::vec::IntoIter<u64>,
}

#[derive(Deserialize)]
struct Line {
    /// Milliseconds.
    timestamp: Option<f64>,
    hash_ids: Vec<u64>,
}

impl Mooncake {
    /// Takes in the next line; false at the end of the file.
    fn next_line(&mut self) -> Result<bool, TraceError> {
        if !self.source.next_line()? {
            return Ok(false);
        }
        self.source.count();
        let line: Line = serde_json::from_slice(self.source.line()).map_err(|error| self.wrong(&error))?;
        self.at_us = match line.timestamp {
            // The largest is a time beyond the year 200000, where a float still has microseconds.
            Some(ms) if (0.0..=9e15).contains(&ms) => Some((ms * 1_000.0).round() as u64),
            Some(ms) => {
                let right = "milliseconds that are not negative";
                return Err(self.source.wrong(format!("timestamp `{ms}`"), right));
            }
            None => None,
        };
        self.ids = line.hash_ids.into_iter();
        Ok(true)
    }

    fn wrong(&self, error: &serde_json::Error) -> TraceError {
        let told = error.to_string();
        // It counts lines too, of which it has one.
        let told = told.split(" at line ").next().unwrap_or(&told);
        let wrong = format!("`{}`: {told} at column {}", shown(self.source.line()), error.column());
        self.source.wrong(wrong, r#"JSON as in {"timestamp": 0, "hash_ids": [0, 1]}"#)
    }
}

impl TraceFormat for Mooncake {
    fn next(&mut self) -> Result<Option<Request>, TraceError> {
        loop {
            if let Some(id) = self.ids.next() {
                return Ok(Some(Request { at_us: self.at_us, ..Request::of(TraceKey::Number(id)) }));
            }
            if !self.next_line()? {
                return Ok(None);
            }
        }
    }
}

/// Whether the first line is an object that has blocks.
pub(super) fn recognises(sample: &Sample) -> bool {
    let first = sample.lines().next().unwrap_or_default();
    let blocks = br#""hash_ids""#;
    first.starts_with(b"{") && first.windows(blocks.len()).any(|window| window == blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Result<Vec<(u64, Option<u64>)>, String> {
        let mut trace = (ENTRY.build)(&serde_json::Value::Null, Source::of(text)).unwrap();
        let mut requests = Vec::new();
        trace.read(&mut requests, 100).map_err(|error| error.to_string())?;
        let number = |request: Request| match request.key {
            TraceKey::Number(number) => (number, request.at_us),
            TraceKey::Text(_) => unreachable!("ids are numbers"),
        };
        Ok(requests.into_iter().map(number).collect())
    }

    #[test]
    fn the_blocks_of_a_line_are_requested_in_their_order() {
        let text = "{\"timestamp\": 27, \"input_length\": 9, \"hash_ids\": [3, 1, 18446744073709551615]}\r\n\
                    {\"timestamp\": 30.5, \"hash_ids\": []}\n\n{\"hash_ids\": [1]}\n";
        let at = Some(27_000);
        assert_eq!(read(text).unwrap(), [(3, at), (1, at), (u64::MAX, at), (1, None)]);
    }

    #[test]
    fn wrong_lines_are_told_with_what_is_wrong_in_them() {
        for (line, wrong) in [
            ("{\"timestamp\": 0}", "missing field `hash_ids` at column 16"),
            ("{\"timestamp\": -1, \"hash_ids\": []}", "timestamp `-1`; expected milliseconds"),
            ("{\"timestamp\": 0, \"hash_ids\": [-1]}", "invalid value"),
            ("{\"timestamp\": 0, \"hash_ids\": [", "EOF"),
            ("7", "invalid type"),
        ] {
            let error = read(format!("{{\"hash_ids\": []}}\n{line}\n").leak()).unwrap_err();
            assert!(error.starts_with("some.trace, record 2 (line 2): ") && error.contains(wrong), "{error}");
        }
    }

    #[test]
    fn lines_with_blocks_are_recognised() {
        for (head, recognised) in [
            ("{\"timestamp\": 0, \"hash_ids\": [1]}\n", true),
            ("{\"timestamp\": 0, \"input\": [1]}\n", false),
            ("\"hash_ids\"\n", false),
        ] {
            assert_eq!(recognises(&Sample::new("a.jsonl", head.as_bytes())), recognised, "{head}");
        }
    }
}
