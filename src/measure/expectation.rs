use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::names::names;
use super::{Metrics, Unit};
use crate::model::Size;
use crate::registry::closest;

/// How a metric is held against its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Below,
    AtMost,
    Above,
    AtLeast,
    Equal,
}

/// The signs of the comparisons; those of two letters first, since each begins like one of one letter.
const SIGNS: &[(&str, Comparison)] = &[
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("==", Comparison::Equal),
    ("<", Comparison::Below),
    (">", Comparison::Above),
];

/// What a measurement is expected to show, as users write it: `read.response.p99 < 5ms`, `hit_rate >= 90%`.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The public name of the metric.
    pub metric: String,
    comparison: Comparison,
    /// The limit in the metric's own unit: microseconds, a share from 0 to 1, bytes, or a plain number.
    pub limit: f64,
    /// The limit as it was written.
    written: String,
}

/// A text that is no expectation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpectationError {
    #[error(
        "`{0}` is no expectation; write a metric, one of < <= > >= ==, and a limit: read.response.p99 < 5ms"
    )]
    Form(String),
    #[error("there is no metric `{0}`")]
    Metric(String),
    #[error(
        "`{0}` does not choose cells; write {{strategy=cache-aside}}, or {{strategy=cache-aside, ttl=1s}}"
    )]
    Selector(String),
    #[error("`{0}` chooses cells, and this is asked of each; write it without what stands in braces")]
    OfCells(String),
    #[error("`{limit}` is no limit for {metric}; {right}")]
    Limit { metric: String, limit: String, right: &'static str },
}

impl ExpectationError {
    /// What was probably meant, or where to look.
    pub fn help(&self) -> Option<String> {
        let ExpectationError::Metric(name) = self else { return None };
        let names = names();
        Some(match closest(name, names.iter().map(|(name, _)| name.as_str())) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "docs/metrics.md lists them".into(),
        })
    }
}

impl Expectation {
    /// Whether a measurement shows it; `None` where the measurement does not tell the metric.
    pub fn holds(&self, metrics: &Metrics) -> Option<bool> {
        metrics.get(&self.metric).map(|value| self.is_met_by(value))
    }

    /// Whether a value of the metric shows it.
    pub fn is_met_by(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::Below => value < self.limit,
            Comparison::AtMost => value <= self.limit,
            Comparison::Above => value > self.limit,
            Comparison::AtLeast => value >= self.limit,
            // Counts are whole, and shares such as 0 and 1 exact: there is no tolerance to choose.
            Comparison::Equal => value == self.limit,
        }
    }

    /// Whether a value that fails it, and may grow, could come to show it.
    pub fn may_grow_into(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::Below | Comparison::AtMost => false,
            Comparison::Above | Comparison::AtLeast => true,
            Comparison::Equal => value < self.limit,
        }
    }

    /// Whether one value is further from showing it than another.
    pub fn is_worse(&self, value: f64, than: f64) -> bool {
        match self.comparison {
            Comparison::Below | Comparison::AtMost => value > than,
            Comparison::Above | Comparison::AtLeast => value < than,
            Comparison::Equal => self.distance(value) > self.distance(than),
        }
    }

    /// How far a value is from the limit, as a share of it; of a limit of 0, how far.
    pub fn distance(&self, value: f64) -> f64 {
        let off = (value - self.limit).abs();
        if self.limit == 0.0 { off } else { off / self.limit.abs() }
    }

    /// What is demanded of the metric: `< 5ms`.
    pub fn demand(&self) -> String {
        let sign = SIGNS.iter().find(|(_, comparison)| *comparison == self.comparison);
        format!("{} {}", sign.map_or("", |(sign, _)| sign), self.written)
    }
}

impl FromStr for Expectation {
    type Err = ExpectationError;

    fn from_str(text: &str) -> Result<Expectation, ExpectationError> {
        let form = || ExpectationError::Form(text.trim().to_owned());
        let at = text.find(['<', '>', '=', '{']).ok_or_else(form)?;
        if text[at..].starts_with('{') {
            return Err(ExpectationError::OfCells(text.trim().to_owned()));
        }
        let (metric, rest) = (text[..at].trim(), &text[at..]);
        let &(sign, comparison) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)).ok_or_else(form)?;
        let written = rest[sign.len()..].trim();
        if metric.is_empty() || written.is_empty() {
            return Err(form());
        }
        let (_, unit) = names()
            .into_iter()
            .find(|(name, _)| name == metric)
            .ok_or_else(|| ExpectationError::Metric(metric.to_owned()))?;
        let limit = limit(written, unit).map_err(|right| ExpectationError::Limit {
            metric: metric.to_owned(),
            limit: written.to_owned(),
            right,
        })?;
        Ok(Expectation { metric: metric.to_owned(), comparison, limit, written: written.to_owned() })
    }
}

/// A limit in the unit of its metric, or what would be right.
fn limit(text: &str, unit: Unit) -> Result<f64, &'static str> {
    let (factors, right): (&[(&str, f64)], _) = match unit {
        Unit::Us => (&[("us", 1.0), ("ms", 1e3), ("s", 1e6)], "it is a time: write 250us, 5ms or 1s"),
        Unit::S => (&[("us", 1e-6), ("ms", 1e-3), ("s", 1.0)], "it is a time: write 250us, 5ms or 1s"),
        Unit::Ratio => {
            (&[("%", 0.01), ("", 1.0)], "it is a share or a number per operation: write 95% or 0.95")
        }
        Unit::PerS => (&[("/s", 1.0), ("", 1.0)], "it is a rate: write 4_000"),
        Unit::Count => (&[("", 1.0)], "it is a count: write a plain number"),
        Unit::Bytes => {
            let right = "it is a size: write 64MB";
            return text.parse::<Size>().map(|size| size.0 as f64).map_err(|_| right);
        }
    };
    let (number, factor) =
        factors.iter().find_map(|&(unit, factor)| Some((text.strip_suffix(unit)?, factor))).ok_or(right)?;
    let number: f64 = number.trim().replace('_', "").parse().map_err(|_| right)?;
    if number.is_finite() { Ok(number * factor) } else { Err(right) }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.metric, self.demand())
    }
}

impl Serialize for Expectation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Expectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Expectation, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Expectation {
    fn schema_name() -> Cow<'static, str> {
        "Expectation".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A metric, one of < <= > >= ==, and a limit: \"read.response.p99 < 5ms\".",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Expectation {
        text.parse().unwrap()
    }

    #[test]
    fn limits_are_in_the_unit_of_their_metric() {
        for (text, limit) in [
            ("read.response.p99 < 5ms", 5_000.0),
            ("read.response.p99<250us", 250.0),
            ("write.service.max <= 1.5 s", 1_500_000.0),
            ("hit_rate >= 95%", 0.95),
            ("hit_rate > 0.95", 0.95),
            ("throughput.achieved > 4_000", 4_000.0),
            ("throughput.achieved > 4_000/s", 4_000.0),
            ("failures == 0", 0.0),
            ("cache.used_memory < 64MB", 64e6),
        ] {
            let expectation = read(text);
            assert!((expectation.limit - limit).abs() < 1e-9, "{text}: {}", expectation.limit);
            assert_eq!(read(&expectation.to_string()), expectation, "{text}");
        }
    }

    #[test]
    fn what_is_no_expectation_is_told_with_what_would_be_right() {
        for (text, expected) in [
            ("read.response.p99", "no expectation"),
            ("< 5ms", "no expectation"),
            ("read.response.p99 <", "no expectation"),
            ("read.response.p99 = 5ms", "no expectation"),
            ("read.respons.p99 < 5ms", "no metric `read.respons.p99`"),
            ("hit_rate{strategy=direct} > 0.9", "write it without what stands in braces"),
            ("read.response.p99 < 5", "write 250us, 5ms or 1s"),
            ("read.response.p99 < 5 %", "write 250us, 5ms or 1s"),
            ("hit_rate > 5ms", "write 95% or 0.95"),
            ("hit_rate > NaN", "write 95% or 0.95"),
            ("failures == many", "plain number"),
            ("cache.used_memory < big", "write 64MB"),
        ] {
            let error = text.parse::<Expectation>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn how_far_it_is_missed_is_a_share_of_the_limit() {
        assert!((read("stale_rate < 1%").distance(0.03) - 2.0).abs() < 1e-9);
        assert_eq!(read("failures == 0").distance(7.0), 7.0);
    }

    #[test]
    fn it_holds_or_not_or_nobody_knows() {
        let mut metrics = Metrics::default();
        metrics.put("read.response.p99", 5_000.0, Unit::Us);
        for (sign, holds) in [("<", false), ("<=", true), (">", false), (">=", true), ("==", true)] {
            assert_eq!(read(&format!("read.response.p99 {sign} 5ms")).holds(&metrics), Some(holds), "{sign}");
        }
        assert_eq!(read("write.response.p99 < 5ms").holds(&metrics), None);
    }
}
