use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::source::Origin;
use crate::registry::closest;

/// A value that does not fit its type, and the innermost place known for it.
#[derive(Debug)]
pub struct Misfit {
    pub(super) title: String,
    pub(super) help: Option<String>,
    pub(super) origin: Option<Origin>,
}

impl Misfit {
    pub(super) fn new(title: String) -> Misfit {
        Misfit { title, help: None, origin: None }
    }

    pub(super) fn within(mut self, origin: &Origin) -> Misfit {
        self.origin.get_or_insert_with(|| origin.clone());
        self
    }

    fn suggesting(mut self, name: &str, names: &'static [&'static str]) -> Misfit {
        self.help = match closest(name, names.iter().copied()) {
            Some(meant) => Some(format!("did you mean `{meant}`?")),
            None => Some(format!("expected one of: {}", names.join(", "))),
        };
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Misfit {
        let message = message.to_string();
        // The rest of this message is the name of a Rust type.
        let untagged = message.starts_with("data did not match any variant of untagged enum");
        Misfit::new(if untagged { "no form of this setting fits the value".into() } else { message })
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Misfit {
        Misfit::new(format!("expected {}, found {}", in_words(expected), describe(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Misfit {
        Misfit::invalid_type(found, expected)
    }

    fn unknown_variant(name: &str, names: &'static [&'static str]) -> Misfit {
        Misfit::new(format!("unknown name `{name}`")).suggesting(name, names)
    }

    fn unknown_field(name: &str, names: &'static [&'static str]) -> Misfit {
        Misfit::new(format!("unknown setting `{name}`")).suggesting(name, names)
    }

    fn missing_field(name: &'static str) -> Misfit {
        Misfit::new(format!("missing setting `{name}`"))
    }
}

fn describe(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Unsigned(number) => format!("the number {number}"),
        Unexpected::Signed(number) => format!("the number {number}"),
        Unexpected::Float(number) => format!("the number {number}"),
        Unexpected::Str(text) => format!("the text {text:?}"),
        Unexpected::Seq => "a list".into(),
        Unexpected::Map => "a table".into(),
        other => other.to_string(),
    }
}

/// What serde's derived types expect, without their Rust names.
fn in_words(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.split(' ').next().unwrap_or_default() {
        "struct" | "enum" => "a table".into(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0".into(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".into(),
        "f32" | "f64" => "a number".into(),
        "bool" => "true or false".into(),
        "string" => "text".into(),
        _ => match text.as_str() {
            "a string" => "text".into(),
            "a boolean" => "true or false".into(),
            "a map" => "a table".into(),
            "a sequence" => "a list".into(),
            "a nonzero u8" | "a nonzero u16" | "a nonzero u32" | "a nonzero u64" | "a nonzero usize" => {
                "a whole number from 1".into()
            }
            _ => text,
        },
    }
}
