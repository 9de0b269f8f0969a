use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::model::Size;

/// How much the managed cache may hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaxMemory {
    /// As many bytes as the server counts, its buffers and tables included.
    Bytes(Size),
    /// Entries of so many percent of the rows; the bytes for it are found on a live server.
    Keys(f64),
}

/// What a share is of, as the workload file writes it.
const OF_KEYS: &str = "% of keys";

/// A text that is neither a size nor a share of the keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MaxMemoryError {
    #[error("`{0}` is no limit; write bytes as \"64MB\", or a share of the rows as \"10% of keys\"")]
    Neither(String),
    #[error("`{0}` is no share; write more than 0 and at most 100, as in \"10% of keys\"")]
    OutOfRange(String),
}

impl MaxMemory {
    /// The share in percent, where it is one.
    pub fn percent(&self) -> Option<f64> {
        match self {
            MaxMemory::Bytes(_) => None,
            MaxMemory::Keys(percent) => Some(*percent),
        }
    }

    /// The bytes, where they are known without a server.
    pub fn bytes(&self) -> Option<u64> {
        match self {
            MaxMemory::Bytes(size) => Some(size.0),
            MaxMemory::Keys(_) => None,
        }
    }
}

impl FromStr for MaxMemory {
    type Err = MaxMemoryError;

    fn from_str(text: &str) -> Result<MaxMemory, MaxMemoryError> {
        let Some((number, of)) = text.split_once('%') else {
            let size = text.parse().map_err(|_| MaxMemoryError::Neither(text.into()))?;
            return Ok(MaxMemory::Bytes(size));
        };
        if of.split_whitespace().ne(["of", "keys"]) {
            return Err(MaxMemoryError::Neither(text.into()));
        }
        let percent: f64 = number.trim().parse().map_err(|_| MaxMemoryError::Neither(text.into()))?;
        if percent > 0.0 && percent <= 100.0 {
            Ok(MaxMemory::Keys(percent))
        } else {
            Err(MaxMemoryError::OutOfRange(text.into()))
        }
    }
}

impl fmt::Display for MaxMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MaxMemory::Bytes(size) => size.fmt(f),
            MaxMemory::Keys(percent) => write!(f, "{percent}{OF_KEYS}"),
        }
    }
}

impl Serialize for MaxMemory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for MaxMemory {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "MaxMemory".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "format": "size-or-share",
            "description": "A number of bytes: 512, \"64MB\"; or a share of the rows: \"10% of keys\".",
        })
    }
}

impl<'de> Deserialize<'de> for MaxMemory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MaxMemory, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = MaxMemory;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a size such as \"64MB\", or a share such as \"10% of keys\"")
            }
            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<MaxMemory, E> {
                Ok(MaxMemory::Bytes(Size(bytes)))
            }
            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<MaxMemory, E> {
                let bytes = u64::try_from(bytes).map_err(|_| E::custom("a size is not negative"))?;
                self.visit_u64(bytes)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<MaxMemory, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_shares_are_read_and_written_back() {
        for (text, limit, shown) in [
            ("64MB", MaxMemory::Bytes(Size(64_000_000)), "64MB"),
            ("512", MaxMemory::Bytes(Size(512)), "512B"),
            ("10% of keys", MaxMemory::Keys(10.0), "10% of keys"),
            ("2.5 %  of keys", MaxMemory::Keys(2.5), "2.5% of keys"),
        ] {
            let read: MaxMemory = text.parse().unwrap();
            assert_eq!((read, read.to_string().as_str()), (limit, shown));
            assert_eq!(shown.parse(), Ok(limit));
        }
        assert_eq!(serde_json::from_str::<MaxMemory>("4096").unwrap(), MaxMemory::Bytes(Size(4096)));
    }

    #[test]
    fn what_is_neither_is_refused_with_what_would_be_right() {
        for text in ["10%", "10% of memory", "ten% of keys", "10 of keys", "big", "10% of keys please", ""] {
            let refused = text.parse::<MaxMemory>().unwrap_err().to_string();
            assert!(refused.contains("\"10% of keys\"") && refused.contains("\"64MB\""), "{refused}");
        }
        for text in ["0% of keys", "-1% of keys", "100.5% of keys", "NaN% of keys", "inf% of keys"] {
            let refused = text.parse::<MaxMemory>().unwrap_err().to_string();
            assert!(refused.contains("more than 0 and at most 100"), "{refused}");
        }
    }
}
