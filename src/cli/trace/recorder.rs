use std::hash::{BuildHasher, Hasher, RandomState};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::traffic::traces::{Request, TraceError, TraceKey, TraceWriter};

/// Writes the requests of a server as a trace, of some keys or of all, and under other names if need be.
pub struct Recorder {
    writer: TraceWriter,
    /// The secret under which keys get other names.
    secret: Option<u64>,
    prefix: Vec<u8>,
    limit: u64,
    /// Requests of keys that have another prefix.
    others: u64,
}

impl Recorder {
    pub fn new(writer: TraceWriter, hash_keys: bool, prefix: Option<&str>, limit: Option<u64>) -> Recorder {
        // The keys of a new `RandomState` are random.
        let secret = hash_keys.then(|| RandomState::new().build_hasher().finish());
        let prefix = prefix.unwrap_or_default().as_bytes().to_vec();
        Recorder { writer, secret, prefix, limit: limit.unwrap_or(u64::MAX), others: 0 }
    }

    /// Writes a request, unless it is of a key that is not asked for.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn take(&mut self, request: Request) -> Result<(), TraceError> {
        let token = request.key.token();
        if !token.starts_with(&self.prefix) {
            self.others += 1;
            return Ok(());
        }
        let key = match self.secret {
            Some(secret) => TraceKey::Number(xxh3_64_with_seed(&token, secret)),
            None => printable(&token),
        };
        self.writer.write(&Request { key, ..request })
    }

    /// Whether as many requests were recorded as were asked for.
    pub fn is_full(&self) -> bool {
        self.writer.written() >= self.limit
    }

    pub fn recorded(&self) -> u64 {
        self.writer.written()
    }

    pub fn others(&self) -> u64 {
        self.others
    }

    /// Requests that were seen, recorded or of other keys.
    pub fn taken(&self) -> u64 {
        self.recorded() + self.others
    }

    /// Completes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> Result<(), TraceError> {
        self.writer.finish()
    }
}

/// The key as it may stand in a table: a Redis key may hold any bytes, and line ends or outer blanks would get lost.
fn printable(token: &[u8]) -> TraceKey {
    let plain = std::str::from_utf8(token).is_ok()
        && !token.iter().any(u8::is_ascii_control)
        && !token.is_empty()
        && token.trim_ascii() == token;
    if plain {
        return TraceKey::of(token);
    }
    let written = token.escape_ascii().to_string();
    TraceKey::of(format!("\"{written}\"").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_a_table_cannot_hold_are_escaped_in_quotes() {
        for (key, written) in [
            ("user:7", "user:7"),
            ("7", "7"),
            ("é", "é"),
            ("a\nb", r#""a\nb""#),
            (" a", r#"" a""#),
            ("", r#""""#),
        ] {
            assert_eq!(printable(key.as_bytes()), TraceKey::of(written.as_bytes()));
        }
        assert_eq!(printable(b"\xff"), TraceKey::of(br#""\xff""#));
    }
}
