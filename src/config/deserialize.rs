use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::document::Document;
use super::misfit::Misfit;
use super::node::{Key, Node, NodeValue};
use super::problem::{Problem, Problems};
use super::source::Origin;

impl Document {
    /// Reads the settings into their types.
    ///
    /// # Errors
    /// The first value that does not fit; `check` is the one that finds them all.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, Problems> {
        T::deserialize(&self.root).map_err(|misfit| {
            let origin = misfit.origin.unwrap_or_else(|| self.root.origin.clone());
            Problem { help: misfit.help, ..Problem::new(origin, misfit.title) }.into()
        })
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match &self.value {
            NodeValue::String(text) => visitor.visit_borrowed_str(text),
            NodeValue::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => visitor.visit_i64(number),
                (_, Ok(number)) => visitor.visit_u64(number),
                _ => visitor.visit_i128(*number),
            },
            NodeValue::Float(number) => visitor.visit_f64(*number),
            NodeValue::Boolean(value) => visitor.visit_bool(*value),
            NodeValue::Array(items) => visitor.visit_seq(Items(items.iter())),
            NodeValue::Table(table) => visitor.visit_map(Settings { rest: table.0.iter(), value: None }),
        }
        .map_err(|misfit| misfit.within(&self.origin))
    }

    // What is written is there: an absent setting is one that the table does not have.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self).map_err(|misfit| misfit.within(&self.origin))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self).map_err(|misfit| misfit.within(&self.origin))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let choice = match &self.value {
            NodeValue::String(name) => Ok(Variant { name, origin: &self.origin, options: None }),
            NodeValue::Table(table) => match table.0.as_slice() {
                [(key, options)] => {
                    Ok(Variant { name: &key.name, origin: &key.origin, options: Some(options) })
                }
                settings => Err(Misfit::new(format!("expected one name, found {}", settings.len()))),
            },
            _ => Err(Misfit::new(format!("expected a name, found {}", self.describe()))),
        };
        choice.and_then(|variant| visitor.visit_enum(variant)).map_err(|misfit| misfit.within(&self.origin))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Items<'de>(std::slice::Iter<'de, Node>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Misfit;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Misfit> {
        self.0.next().map(|item| value(seed, item)).transpose()
    }
}

struct Settings<'de> {
    rest: std::slice::Iter<'de, (Key, Node)>,
    value: Option<&'de Node>,
}

impl<'de> MapAccess<'de> for Settings<'de> {
    type Error = Misfit;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Misfit> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(value);
        name(seed, &key.name, &key.origin).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Misfit> {
        match self.value.take() {
            Some(node) => value(seed, node),
            None => Err(Misfit::new("a value was asked for before its name".into())),
        }
    }
}

// A type that reads a text first and parses it afterwards fails when its node is already left behind.
fn value<'de, S: DeserializeSeed<'de>>(seed: S, node: &'de Node) -> Result<S::Value, Misfit> {
    seed.deserialize(node).map_err(|misfit| misfit.within(&node.origin))
}

fn name<'de, S: DeserializeSeed<'de>>(seed: S, name: &str, origin: &Origin) -> Result<S::Value, Misfit> {
    let name: StrDeserializer<'_, Misfit> = name.into_deserializer();
    seed.deserialize(name).map_err(|misfit| misfit.within(origin))
}

struct Variant<'de> {
    name: &'de str,
    origin: &'de Origin,
    options: Option<&'de Node>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Misfit;
    type Variant = Variant<'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Variant<'de>), Misfit> {
        Ok((name(seed, self.name, self.origin)?, self))
    }
}

impl<'de> Variant<'de> {
    fn options(&self) -> Result<&'de Node, Misfit> {
        let missing = || Misfit::new(format!("`{0}` needs a value: {{ {0} = … }}", self.name));
        self.options.ok_or_else(|| missing().within(self.origin))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Misfit;

    fn unit_variant(self) -> Result<(), Misfit> {
        match self.options {
            Some(options) if !options.as_table().is_some_and(|table| table.is_empty()) => {
                Err(Misfit::new(format!("`{}` takes no options", self.name)).within(&options.origin))
            }
            _ => Ok(()),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Misfit> {
        value(seed, self.options()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.options()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.options()?.deserialize_any(visitor)
    }
}
