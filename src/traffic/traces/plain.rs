use super::encoding::{Encoding, Misfit};
use super::{Request, Sample, Source, TraceError, TraceFormat, TraceKey};
use crate::registry::{self, Entry, NoOptions};

pub(super) const ENTRY: Entry<dyn TraceFormat, Source> = Entry {
    name: "plain",
    summary: "text, one key a line: a decimal number or any other token",
    options: registry::schema_of::<NoOptions>,
    build: |options, source| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Plain(source)))
    },
};

/// One key a line, as the traces that come with LIRS are written.
///
/// Blank lines and lines that are just `*`, the checkpoints of LIRS, are skipped.
struct Plain(Source);

impl TraceFormat for Plain {
    fn next(&mut self) -> Result<Option<Request>, TraceError> {
        while self.0.next_line()? {
            let token = self.0.line().trim_ascii();
            if token == b"*" {
                continue;
            }
            let key = TraceKey::of(token);
            let control = token.iter().any(u8::is_ascii_control);
            self.0.count();
            if control {
                let right = "text; a binary trace has another format";
                return Err(self.0.wrong("a key with control characters", right));
            }
            return Ok(Some(Request::of(key)));
        }
        Ok(None)
    }
}

/// Whether the first lines are single tokens: text without blanks, columns or braces.
pub(super) fn recognises(sample: &Sample) -> bool {
    let token = |line: &[u8]| {
        let columns = line.iter().any(|byte| byte.is_ascii_whitespace() || b",;".contains(byte));
        !columns && !line.starts_with(b"{") && !line.starts_with(b"[")
    };
    let mut lines = sample.lines().peekable();
    sample.is_text() && !sample.name_ends_with(".bin") && lines.peek().is_some() && lines.all(token)
}

pub(super) const ENCODING: Encoding = Encoding {
    name: ENTRY.name,
    suffixes: &[".txt"],
    head: "",
    append: |request, out| {
        let token = request.key.token();
        let skipped = token.is_empty() || *token == *b"*";
        if skipped || token.trim_ascii() != &*token || token.iter().any(u8::is_ascii_control) {
            let right = "a token other than `*`, without control characters and outer blanks";
            return Err(Misfit::new(&request.key, right));
        }
        out.extend_from_slice(&token);
        out.push(b'\n');
        Ok(())
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_and_blank_lines_are_skipped_and_tokens_are_keys() {
        let mut plain = Plain(Source::of("7\r\n*\r\n\r\n 18446744073709551615\nuser:7\n* \n*7"));
        let mut keys = Vec::new();
        while let Some(request) = plain.next().unwrap() {
            keys.push(request.key);
        }
        let expected = ["7", "18446744073709551615", "user:7", "*7"];
        assert_eq!(keys, expected.map(|token| TraceKey::of(token.as_bytes())));
        assert_eq!(plain.next().unwrap(), None);
    }

    #[test]
    fn a_binary_trace_is_not_taken_for_keys() {
        let mut plain = Plain(Source::of("7\n\0\u{1}\n"));
        assert!(plain.next().is_ok());
        let error = plain.next().unwrap_err().to_string();
        assert!(error.starts_with("some.trace, record 2 (line 2): a key with control characters"), "{error}");
    }

    #[test]
    fn single_tokens_are_recognised() {
        for (name, head, recognised) in [
            ("lirs.trace", "7\r\n*\r\n8\r\n", true),
            ("keys", "user:7\nuser:8", true),
            ("keys.bin", "7\n8\n", false),
            ("monitor.log", "OK\n1.5 [0 127.0.0.1:1] \"GET\" \"a\"\n", false),
            ("twitter", "0,abc,3,10,1,get,0\n", false),
            ("a.jsonl", "{\"timestamp\":0}\n", false),
            ("keys", "7\n\0\0\n", false),
            ("keys", "\n\n", false),
        ] {
            assert_eq!(recognises(&Sample::new(name, head.as_bytes())), recognised, "{head:?}");
        }
    }
}
