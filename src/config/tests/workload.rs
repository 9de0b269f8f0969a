//! A small workload file's types, made as the real ones are.

#![expect(dead_code, reason = "their schema and their reading are under test, not their use")]

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, schema_for};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::config::check::check;
use crate::config::{Document, Problems};
use crate::model::{Size, Time};
use crate::registry::{Choice, Entry, NoOptions, choice_schema, schema_of};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    pub name: Option<String>,
    pub data: Data,
    pub traffic: Traffic,
    #[serde(default)]
    pub cache: Cache,
    #[serde(default)]
    pub compare: BTreeMap<String, Json>,
    #[serde(default)]
    pub fault: Vec<Fault>,
    #[serde(default)]
    pub expect: Vec<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Rows in the table.
    #[schemars(range(min = 1))]
    pub rows: u64,
    pub value: ValueSize,
    pub seed: Option<u64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ValueSize {
    Fixed(Size),
    Lognormal { median: Size, sigma: f64 },
    Uniform { least: Size, most: Size },
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    #[schemars(schema_with = "keys")]
    pub keys: Choice,
    pub load: Load,
    pub warmup: Option<Warmup>,
    pub duration: Time,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Load {
    Open {
        #[schemars(extend("exclusiveMinimum" = 0))]
        rate: f64,
    },
    Closed {
        clients: u16,
    },
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Warmup {
    Time(Time),
    Operations(u64),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cache {
    pub driver: Driver,
    pub ttl: Option<Time>,
    pub maxmemory: Size,
    #[schemars(range(min = 1, max = 16))]
    pub nodes: u16,
    pub tls: bool,
}

impl Default for Cache {
    fn default() -> Cache {
        Cache { driver: Driver::Redis, ttl: None, maxmemory: Size(64_000_000), nodes: 1, tls: false }
    }
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Driver {
    Redis,
    Fred,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct Fault {
    pub at: Time,
    #[serde(flatten)]
    pub action: Action,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    Kill { node: u16 },
    Pause { node: u16, length: Time },
}

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Zipfian {
    #[schemars(range(min = 0.0, max = 10.0))]
    exponent: f64,
}

static KEYS: &[Entry<(), ()>] = &[
    Entry {
        name: "uniform",
        summary: "each alike",
        options: schema_of::<NoOptions>,
        build: |_, ()| Ok(Box::new(())),
    },
    Entry {
        name: "zipfian",
        summary: "few are hot",
        options: schema_of::<Zipfian>,
        build: |_, ()| Ok(Box::new(())),
    },
    Entry {
        name: "latest",
        summary: "new ones are hot",
        options: schema_of::<NoOptions>,
        build: |_, ()| Ok(Box::new(())),
    },
];

fn keys(generator: &mut SchemaGenerator) -> Schema {
    choice_schema(KEYS, generator)
}

pub const GOOD: &str = r#"name = "catalogue"

[data]
rows = 100_000
value = { lognormal = { median = "512B", sigma = 0.6 } }

[traffic]
keys = { zipfian = { exponent = 0.99 } }
load = { open = { rate = 4_000 } }
warmup = "5s"
duration = "20s"

[compare]
strategy = ["cache-aside", { write-behind = { flush_every = "50ms" } }]
"cache.ttl" = ["1s", "10s"]

[[fault]]
at = "10s"
kill = { node = 0 }
"#;

/// The good file with one piece of it replaced.
pub fn with(piece: &str, replacement: &str) -> String {
    assert!(GOOD.contains(piece), "{piece}");
    GOOD.replacen(piece, replacement, 1)
}

pub fn document(text: &str) -> Document {
    Document::parse("w.toml".as_ref(), text.to_owned()).unwrap()
}

pub fn problems(text: &str, overrides: &[&str]) -> Problems {
    let mut document = match Document::parse("w.toml".as_ref(), text.to_owned()) {
        Ok(document) => document,
        Err(problems) => return problems,
    };
    let mut problems = Problems::new();
    for assignment in overrides {
        problems.merge(document.set(assignment).err().unwrap_or_default());
    }
    problems.merge(check(&document, schema_for!(Workload).as_value()));
    problems
}
