use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Guards, MITIGATIONS, Parts};
use crate::registry::{Choice, OptionsError, choice_schema};

/// The name of no guard.
const NONE: &str = super::none::ENTRY.name;

/// Those of which a row can have one only: whoever holds the one would wait for the other.
const DECIDING: [&str; 3] =
    [super::lock::ENTRY.name, super::article_lock::ENTRY.name, super::lease::ENTRY.name];

/// The guards of a workload: one by its name, or a list that nests in its order; `"none"` is no guard.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack(Vec<Choice>);

impl Default for Stack {
    fn default() -> Stack {
        Stack(vec![Choice::named(NONE)])
    }
}

impl Stack {
    /// Whether nothing is guarded.
    pub fn is_none(&self) -> bool {
        self.0.iter().all(|choice| choice.name == NONE)
    }

    /// The names of its guards, or of none.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|choice| choice.name.as_str())
    }

    /// As a table shows it.
    pub fn label(&self) -> String {
        self.0.iter().map(Choice::label).collect::<Vec<_>>().join(" + ")
    }

    /// Builds the guards of one instance.
    ///
    /// # Errors
    /// When a name or an option is unknown, or an option does not fit the rest.
    pub fn build(&self, parts: &Parts) -> Result<Guards, OptionsError> {
        let build = |choice: &Choice| match choice.build(MITIGATIONS, parts.clone()) {
            // What guards nothing is not asked on the way.
            Ok(guard) => (choice.name != NONE).then(|| Ok(Arc::from(guard))),
            Err(OptionsError(error)) => Some(Err(OptionsError(format!("mitigation: {error}")))),
        };
        let deciding: Vec<_> =
            self.0.iter().map(|choice| choice.name.as_str()).filter(|name| DECIDING.contains(name)).collect();
        if let [one, other, ..] = deciding[..] {
            let text =
                format!("mitigation: {one} and {other} both decide over all instances who loads: use one");
            return Err(OptionsError(text));
        }
        let guards: Vec<_> = self.0.iter().filter_map(build).collect::<Result<_, OptionsError>>()?;
        Ok(Guards::new(guards, parts))
    }
}

impl Serialize for Stack {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &*self.0 {
            [one] => one.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Stack {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Stack, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Stack;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a mitigation, or a list of them")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Stack, E> {
                Ok(Stack(vec![Choice::named(name)]))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Stack, A::Error> {
                Ok(Stack(vec![Choice::deserialize(de::value::MapAccessDeserializer::new(map))?]))
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Stack, A::Error> {
                let mut choices = Vec::new();
                while let Some(choice) = list.next_element()? {
                    choices.push(choice);
                }
                if choices.is_empty() {
                    return Ok(Stack::default());
                }
                Ok(Stack(choices))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Stack {
    fn schema_name() -> Cow<'static, str> {
        "Mitigations".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = choice_schema(MITIGATIONS, generator);
        json_schema!({ "anyOf": [one.clone(), { "type": "array", "items": one }] })
    }
}
