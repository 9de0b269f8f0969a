use serde_json::Value as Json;

use super::source::Origin;

/// A value of the workload file, and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub value: NodeValue,
    /// The value's own text; for a table its header, or its key where dots made it.
    pub origin: Origin,
}

#[derive(Clone, Debug, PartialEq)]
pub enum NodeValue {
    String(String),
    /// Between the least `i64` and the greatest `u64`.
    Integer(i128),
    /// Always finite.
    Float(f64),
    Boolean(bool),
    Array(Vec<Node>),
    Table(Table),
}

/// The name of a setting, and where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub name: String,
    pub origin: Origin,
}

/// Settings in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table(pub(super) Vec<(Key, Node)>);

impl Table {
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Key, &Node)> {
        self.0.iter().map(|(key, node)| (key, node))
    }

    pub fn get(&self, name: &str) -> Option<&Node> {
        self.0.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets a name to a value. A name that was there keeps its place in the order.
    pub fn insert(&mut self, key: Key, node: Node) {
        match self.0.iter_mut().find(|(known, _)| known.name == key.name) {
            Some(entry) => *entry = (key, node),
            None => self.0.push((key, node)),
        }
    }

    pub fn remove(&mut self, name: &str) -> Option<Node> {
        let index = self.0.iter().position(|(key, _)| key.name == name)?;
        Some(self.0.remove(index).1)
    }
}

impl Node {
    pub fn as_table(&self) -> Option<&Table> {
        match &self.value {
            NodeValue::Table(table) => Some(table),
            _ => None,
        }
    }

    pub fn as_array(&self) -> Option<&[Node]> {
        match &self.value {
            NodeValue::Array(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            NodeValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value called `name`: a setting of a table, or an item of a list by its number from 0.
    pub fn child(&self, name: &str) -> Option<&Node> {
        match &self.value {
            NodeValue::Table(table) => table.get(name),
            NodeValue::Array(items) => items.get(name.parse::<usize>().ok()?),
            _ => None,
        }
    }

    pub(super) fn child_mut(&mut self, name: &str) -> Option<&mut Node> {
        match &mut self.value {
            NodeValue::Table(table) => {
                table.0.iter_mut().find(|(key, _)| key.name == name).map(|(_, node)| node)
            }
            NodeValue::Array(items) => items.get_mut(name.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// What it is, for messages: `the number 5`, `the text "soon"`, `a table`.
    pub fn describe(&self) -> String {
        match &self.value {
            NodeValue::String(text) if text.chars().count() > 40 => {
                format!("the text {:?}", text.chars().take(40).collect::<String>() + "…")
            }
            NodeValue::String(text) => format!("the text {text:?}"),
            // As it was typed: `1e5` and `1_000` are easier to find so.
            NodeValue::Integer(_) | NodeValue::Float(_) => format!("the number {}", self.origin.text()),
            NodeValue::Boolean(value) => value.to_string(),
            NodeValue::Array(items) if items.is_empty() => "an empty list".to_owned(),
            NodeValue::Array(_) => "a list".to_owned(),
            NodeValue::Table(table) if table.is_empty() => "an empty table".to_owned(),
            NodeValue::Table(_) => "a table".to_owned(),
        }
    }

    pub fn to_json(&self) -> Json {
        match &self.value {
            NodeValue::String(text) => Json::from(text.as_str()),
            NodeValue::Integer(number) => match i64::try_from(*number) {
                Ok(number) => Json::from(number),
                Err(_) => u64::try_from(*number).map_or(Json::Null, Json::from),
            },
            NodeValue::Float(number) => Json::from(*number),
            NodeValue::Boolean(value) => Json::from(*value),
            NodeValue::Array(items) => items.iter().map(Node::to_json).collect(),
            NodeValue::Table(table) => {
                Json::Object(table.iter().map(|(key, node)| (key.name.clone(), node.to_json())).collect())
            }
        }
    }
}
