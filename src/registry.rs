//! Registry: the one table type behind every extension point.
//!
//! A variant's file carries its `ENTRY`; its folder's `mod.rs` lists the entries. From these lists come the
//! accepted names, `cachebench list`, the schema of the workload file, and the contract tests.

mod suggest;

pub use suggest::closest;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

/// One variant of an extension point: `T` is its trait, `P` what it is built from.
pub struct Entry<T: ?Sized, P: 'static> {
    /// The name in workload files and on the command line.
    pub name: &'static str,
    /// One line: what it does, as `cachebench list` prints it.
    pub summary: &'static str,
    /// The schema of its options.
    pub options: fn(&mut SchemaGenerator) -> Schema,
    /// Makes one from its options and its parts.
    pub build: Build<T, P>,
}

/// Builds a variant from its options and parts.
pub type Build<T, P> = fn(&Json, P) -> Result<Box<T>, OptionsError>;

/// Options that a variant could not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OptionsError(pub String);

/// Reads the options of a variant into its own type; no options at all are its defaults.
///
/// # Errors
/// When an option is unknown or has a wrong type; the message names it.
pub fn options<O: DeserializeOwned>(options: &Json) -> Result<O, OptionsError> {
    let empty = Json::Object(serde_json::Map::new());
    let options = if options.is_null() { &empty } else { options };
    O::deserialize(options).map_err(|error| OptionsError(error.to_string()))
}

/// The schema of options of type `O`, for an entry's `options` field.
pub fn schema_of<O: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    O::json_schema(generator)
}

/// The options of a variant that has none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoOptions {}

/// The entry called `name`.
pub fn find<'a, T: ?Sized, P>(entries: &'a [Entry<T, P>], name: &str) -> Option<&'a Entry<T, P>> {
    entries.iter().find(|entry| entry.name == name)
}

/// A variant named in a workload file: `"zipfian"`, or `{ zipfian = { exponent = 0.99 } }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub name: String,
    /// A table of options, or null where only the name was given.
    pub options: Json,
}

impl Choice {
    /// The variant `name` with its defaults.
    pub fn named(name: &str) -> Choice {
        Choice { name: name.into(), options: Json::Null }
    }

    /// The entry chosen.
    ///
    /// # Errors
    /// When no entry has this name; the message lists those that exist.
    pub fn entry<'a, T: ?Sized, P>(
        &self,
        entries: &'a [Entry<T, P>],
    ) -> Result<&'a Entry<T, P>, OptionsError> {
        find(entries, &self.name).ok_or_else(|| {
            let names: Vec<_> = entries.iter().map(|entry| entry.name).collect();
            let meant = closest(&self.name, names.iter().copied());
            let meant = meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            OptionsError(format!(
                "unknown name `{}`, expected one of: {}{meant}",
                self.name,
                names.join(", ")
            ))
        })
    }

    /// Builds the variant chosen.
    ///
    /// # Errors
    /// When the name or an option is unknown.
    pub fn build<T: ?Sized, P>(&self, entries: &[Entry<T, P>], parts: P) -> Result<Box<T>, OptionsError> {
        (self.entry(entries)?.build)(&self.options, parts)
    }

    /// The name, followed by the options that were given: how tables and file names call it.
    pub fn label(&self) -> String {
        match self.options.as_object() {
            Some(options) if !options.is_empty() => {
                let options: Vec<_> =
                    options.iter().map(|(name, value)| format!("{name}={}", option_label(value))).collect();
                format!("{} ({})", self.name, options.join(", "))
            }
            _ => self.name.clone(),
        }
    }
}

/// The value of an option, as a label shows it; one that is itself a choice by the label of that.
fn option_label(value: &Json) -> String {
    let nested = |table: &serde_json::Map<String, Json>| match table.iter().next() {
        Some((name, options)) if table.len() == 1 && options.is_object() => {
            Some(Choice { name: name.clone(), options: options.clone() }.label())
        }
        _ => None,
    };
    match value {
        Json::String(text) => text.clone(),
        other => other.as_object().and_then(nested).unwrap_or_else(|| other.to_string()),
    }
}

impl Serialize for Choice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.options.is_null() {
            return serializer.serialize_str(&self.name);
        }
        serializer.collect_map([(&self.name, &self.options)])
    }
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Choice, D::Error> {
        struct ChoiceVisitor;
        impl<'de> Visitor<'de> for ChoiceVisitor {
            type Value = Choice;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a name, or a table with one name and its options")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Choice, E> {
                Ok(Choice::named(name))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Choice, A::Error> {
                let Some((name, options)) = map.next_entry::<String, Json>()? else {
                    return Err(de::Error::custom("expected one name, found an empty table"));
                };
                if let Some((second, _)) = map.next_entry::<String, Json>()? {
                    return Err(de::Error::custom(format!(
                        "expected one name, found `{name}` and `{second}`"
                    )));
                }
                Ok(Choice { name, options })
            }
        }
        deserializer.deserialize_any(ChoiceVisitor)
    }
}

/// The schema of a [`Choice`] among `entries`: a name, or a table of one name and its options.
pub fn choice_schema<T: ?Sized, P>(entries: &[Entry<T, P>], generator: &mut SchemaGenerator) -> Schema {
    let mut variants = Vec::new();
    for entry in entries {
        variants.push(json_schema!({ "type": "string", "const": entry.name, "description": entry.summary }));
    }
    for entry in entries {
        let options = (entry.options)(generator);
        variants.push(json_schema!({
            "type": "object",
            "description": entry.summary,
            "properties": { entry.name: options },
            "required": [entry.name],
            "additionalProperties": false,
        }));
    }
    json_schema!({ "oneOf": variants })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Options {
        size: u32,
    }

    impl Default for Options {
        fn default() -> Options {
            Options { size: 3 }
        }
    }

    trait Shape {
        fn size(&self) -> u32;
    }

    impl Shape for u32 {
        fn size(&self) -> u32 {
            *self
        }
    }

    static SHAPES: &[Entry<dyn Shape, ()>] = &[Entry {
        name: "square",
        summary: "four sides",
        options: schema_of::<Options>,
        build: |json, ()| Ok(Box::new(options::<Options>(json)?.size)),
    }];

    #[test]
    fn a_choice_is_a_name_or_a_name_with_options() {
        let plain: Choice = serde_json::from_str(r#""square""#).unwrap();
        let table: Choice = serde_json::from_str(r#"{"square": {"size": 5}}"#).unwrap();
        assert_eq!(plain.build(SHAPES, ()).unwrap().size(), 3);
        assert_eq!(table.build(SHAPES, ()).unwrap().size(), 5);
        assert_eq!(table.label(), "square (size=5)");
    }

    #[test]
    fn the_label_of_a_choice_within_a_choice_reads_as_one() {
        for (text, label) in [
            (r#"{"cache-aside": {"coherence": "lease"}}"#, "cache-aside (coherence=lease)"),
            (
                r#"{"cache-aside": {"coherence": {"double-delete": {"after": "200ms"}}}}"#,
                "cache-aside (coherence=double-delete (after=200ms))",
            ),
            (r#"{"cache-aside": {"coherence": {"lease": {}}}}"#, "cache-aside (coherence=lease)"),
            (r#"{"csv": {"ops": {"X": "read"}}}"#, r#"csv (ops={"X":"read"})"#),
        ] {
            assert_eq!(serde_json::from_str::<Choice>(text).unwrap().label(), label);
        }
    }

    #[test]
    fn a_wrong_name_or_option_is_told_with_the_right_ones() {
        let wrong = Choice::named("circle").build(SHAPES, ()).err().unwrap();
        assert!(wrong.to_string().contains("expected one of: square"), "{wrong}");
        assert!(!wrong.to_string().contains("did you mean"), "{wrong}");
        let wrong = Choice::named("sqaure").build(SHAPES, ()).err().unwrap();
        assert!(wrong.to_string().ends_with("; did you mean `square`?"), "{wrong}");
        let table: Choice = serde_json::from_str(r#"{"square": {"sise": 5}}"#).unwrap();
        let wrong = table.build(SHAPES, ()).err().unwrap();
        assert!(wrong.to_string().contains("expected `size`"), "{wrong}");
    }
}
