use std::borrow::Cow;
use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The unit of a metric's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Microseconds.
    Us,
    /// Seconds.
    S,
    /// Operations per second.
    PerS,
    /// How many.
    Count,
    /// A share, from 0 to 1, or a number per operation.
    Ratio,
    Bytes,
}

impl Unit {
    /// What the name of a column ends with where values stand without their units.
    pub fn suffix(self) -> &'static str {
        match self {
            Unit::Us => "_us",
            Unit::S => "_s",
            Unit::PerS => "_per_s",
            Unit::Bytes => "_bytes",
            Unit::Count | Unit::Ratio => "",
        }
    }
}

/// One measured number under its public name.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Metric {
    pub value: f64,
    pub unit: Unit,
}

/// Measured numbers by name, in the order in which they are told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(Vec<(String, Metric)>);

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, metric)| (name, metric)))
    }
}

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Metrics, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Metrics;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("metrics by name")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Metrics, A::Error> {
                let mut metrics = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    metrics.push(entry);
                }
                Ok(Metrics(metrics))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

impl JsonSchema for Metrics {
    fn schema_name() -> Cow<'static, str> {
        "Metrics".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = BTreeMap::<String, Metric>::json_schema(generator);
        schema.insert(
            "description".into(),
            "Measured numbers by name, in the order in which they are told.".into(),
        );
        schema
    }
}

/// The percentiles told of every latency, by name and quantile.
pub const PERCENTILES: &[(&str, f64)] =
    &[("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999)];

/// The quantile that a metric is, of those above the median: others are told of any number of operations.
pub fn quantile(metric: &str) -> Option<f64> {
    let is_it = |name: &str| metric.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
    PERCENTILES.iter().find(|(name, quantile)| *quantile > 0.5 && is_it(name)).map(|&(_, quantile)| quantile)
}

/// A percentile of a whole measurement is told only if this many operations lie beyond it: with fewer it is
/// one unlucky operation rather than a property of the system.
pub(super) const OPERATIONS_BEYOND: f64 = 100.0;

/// A percentile of a window is a sign of life, and is told as soon as there is an operation beyond it.
pub(super) const OPERATIONS_BEYOND_IN_WINDOW: f64 = 1.0;

impl Metrics {
    /// Adds a metric, which replaces one of the same name; a value that is no number is left out.
    pub fn put(&mut self, name: impl Into<String>, value: f64, unit: Unit) {
        let name = name.into();
        self.0.retain(|(known, _)| *known != name);
        if value.is_finite() {
            self.0.push((name, Metric { value, unit }));
        }
    }

    /// The value under a name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.metric(name).map(|metric| metric.value)
    }

    /// The metric under a name.
    pub fn metric(&self, name: &str) -> Option<Metric> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, metric)| *metric)
    }

    /// Every metric, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Metric)> {
        self.0.iter().map(|(name, metric)| (name.as_str(), *metric))
    }

    /// Adds the statistics of latencies of a whole measurement, in nanoseconds.
    pub(super) fn put_latency(&mut self, name: &str, histogram: &Histogram<u64>) {
        self.put_latency_beyond(name, histogram, OPERATIONS_BEYOND);
    }

    /// Adds the statistics of latencies, in nanoseconds; of the percentiles, those with so many operations `beyond` them.
    pub(super) fn put_latency_beyond(&mut self, name: &str, histogram: &Histogram<u64>, beyond: f64) {
        let us = |ns: f64| ns / 1_000.0;
        let count = histogram.len() as f64;
        self.put(format!("{name}.mean"), us(histogram.mean()), Unit::Us);
        for &(percentile, quantile) in PERCENTILES {
            if quantile <= 0.5 || count * (1.0 - quantile) >= beyond - 1e-6 {
                let value = histogram.value_at_quantile(quantile) as f64;
                self.put(format!("{name}.{percentile}"), us(value), Unit::Us);
            }
        }
        self.put(format!("{name}.max"), us(histogram.max() as f64), Unit::Us);
    }
}
