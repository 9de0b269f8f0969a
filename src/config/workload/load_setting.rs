use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Open;
use super::open::default_in_flight;
use crate::engine::Pacing;
use crate::model::Time;
use crate::traffic::Think;

/// How operations are started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LoadSetting {
    /// At planned times, whatever is still in flight: shows what users feel. Latency counts from the planned time.
    Open(Open),
    /// By clients that each wait for their last operation: shows what the system can do.
    Closed {
        /// How many clients.
        #[schemars(range(min = 1, max = 100_000))]
        clients: usize,
        /// How long each client thinks before each of its operations.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        think: Option<Think>,
    },
    /// At the times that the trace recorded.
    Recorded {
        /// How many times as fast as recorded.
        #[serde(default = "one")]
        #[schemars(range(min = 0.000001, max = 1_000_000_000))]
        speed: f64,
        /// Most operations in flight at once; beyond that they queue and keep their times.
        #[serde(default = "default_in_flight")]
        #[schemars(range(min = 1, max = 100_000))]
        in_flight: usize,
        /// How the harness waits for the next start.
        #[serde(default)]
        pacing: Pacing,
    },
}

impl LoadSetting {
    /// Operations that may be in flight at once.
    pub fn clients(&self) -> usize {
        match self {
            LoadSetting::Open(open) => open.in_flight,
            LoadSetting::Closed { clients, .. } => *clients,
            LoadSetting::Recorded { in_flight, .. } => *in_flight,
        }
    }
}

/// Load before the measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Warmup {
    Time(Time),
    Operations(u64),
    /// Until the hit rate of three windows differs by less than half a percentage point, for a minute at most.
    StableHitRate,
}

const STABLE: &str = "until hit rate is stable";

impl Default for Warmup {
    fn default() -> Warmup {
        Warmup::Time(Time::default())
    }
}

impl Serialize for Warmup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Warmup::Time(time) => time.serialize(serializer),
            Warmup::Operations(count) => serializer.collect_map([("operations", count)]),
            Warmup::StableHitRate => serializer.serialize_str(STABLE),
        }
    }
}

impl<'de> Deserialize<'de> for Warmup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Warmup, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Warmup;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                write!(f, "a time, {{ operations = N }}, or \"{STABLE}\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Warmup, E> {
                match text {
                    STABLE => Ok(Warmup::StableHitRate),
                    _ => text.parse().map(Warmup::Time).map_err(|_| {
                        E::custom(format!("`{text}` is no time such as \"5s\", and not \"{STABLE}\""))
                    }),
                }
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Warmup, A::Error> {
                match map.next_entry::<String, u64>()? {
                    Some((name, count)) if name == "operations" => Ok(Warmup::Operations(count)),
                    _ => Err(de::Error::custom("expected { operations = N }")),
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Warmup {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Warmup".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Load before the measurement, which is not counted: a time, { operations = N }, or \"until hit rate is stable\".",
            "type": ["string", "object"],
            "properties": { "operations": { "type": "integer", "minimum": 0 } },
            "additionalProperties": false,
        })
    }
}

fn one() -> f64 {
    1.0
}
