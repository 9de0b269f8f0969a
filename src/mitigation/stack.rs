use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Guards, MITIGATIONS, Mitigation, Parts};
use crate::registry::{Choice, OptionsError, choice_schema};

/// The name of no guard.
const NONE: &str = super::none::ENTRY.name;

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

    /// As a table shows it.
    pub fn label(&self) -> String {
        self.0.iter().map(Choice::label).collect::<Vec<_>>().join(" + ")
    }

    /// Builds the guards of one instance.
    ///
    /// # Errors
    /// When a name or an option is unknown, or an option does not fit the rest.
    pub fn build(&self, parts: &Parts) -> Result<Guards, OptionsError> {
        let named = self.named(parts)?;
        let deciding: Vec<_> = named.iter().filter(|one| one.guard.decides()).map(|one| one.name).collect();
        if let [one, other, ..] = deciding[..] {
            let text =
                format!("mitigation: {one} and {other} both decide over all instances who loads: use one");
            return Err(OptionsError(text));
        }
        Ok(Guards::new(named.into_iter().map(|one| one.guard).collect(), parts))
    }

    /// The name of the first guard that counts on loads that fill the cache; nothing where guards cannot be built.
    pub fn needs_fills(&self, parts: &Parts) -> Option<&str> {
        let named = self.named(parts).ok()?;
        named.into_iter().find(|one| one.guard.needs_fills()).map(|one| one.name)
    }

    /// Each guard, but for what guards nothing, which is not asked on the way.
    fn named(&self, parts: &Parts) -> Result<Vec<Named<'_>>, OptionsError> {
        let built = self.0.iter().map(|choice| match choice.build(MITIGATIONS, parts.clone()) {
            Ok(guard) => Ok(Named { name: &choice.name, guard: guard.into() }),
            Err(OptionsError(error)) => Err(OptionsError(format!("mitigation: {error}"))),
        });
        built.filter(|one| one.as_ref().map_or(true, |one| one.name != NONE)).collect()
    }
}

/// A guard with its name.
struct Named<'a> {
    name: &'a str,
    guard: Arc<dyn Mitigation>,
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
