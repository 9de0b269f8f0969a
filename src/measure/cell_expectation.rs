use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Expectation, ExpectationError, Metrics, Selector, Unit};

/// What some cells are expected to show, as users write it: `hit_rate{strategy=cache-aside} > 0.9`.
#[derive(Clone, Debug, PartialEq)]
pub struct CellExpectation {
    pub expectation: Expectation,
    /// The cells that it is about.
    pub selector: Selector,
}

impl CellExpectation {
    /// The value by which a measurement that goes on has failed it already; nothing where it has not, does not tell the
    /// metric yet, or where going on may mend it, as with a count that has not reached its least.
    pub fn failed_by(&self, so_far: &Metrics) -> Option<f64> {
        let expectation = &self.expectation;
        let found = so_far.metric(&expectation.metric).filter(|found| !expectation.is_met_by(found.value))?;
        let only_grows =
            matches!(found.unit, Unit::Count | Unit::Bytes) || expectation.metric.ends_with(".max");
        (!only_grows || !expectation.may_grow_into(found.value)).then_some(found.value)
    }
}

impl FromStr for CellExpectation {
    type Err = ExpectationError;

    fn from_str(text: &str) -> Result<CellExpectation, ExpectationError> {
        let at = text.find(['<', '>', '=', '{']).filter(|at| text[*at..].starts_with('{'));
        let Some(at) = at else {
            return Ok(CellExpectation { expectation: text.parse()?, selector: Selector::default() });
        };
        let (metric, selector) = text.split_at(at);
        let (selector, demand) = Selector::read(&selector[1..])
            .ok_or_else(|| ExpectationError::Selector(selector.trim().to_owned()))?;
        Ok(CellExpectation { expectation: format!("{metric}{demand}").parse()?, selector })
    }
}

impl fmt::Display for CellExpectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{} {}", self.expectation.metric, self.selector, self.expectation.demand())
    }
}

impl Serialize for CellExpectation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CellExpectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<CellExpectation, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for CellExpectation {
    fn schema_name() -> Cow<'static, str> {
        "CellExpectation".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "expectation",
            "description": "A metric, for some cells those it is about, one of < <= > >= ==, and a limit: \
                            \"read.response.p99 < 5ms\", \"hit_rate{strategy=cache-aside} > 0.9\".",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> CellExpectation {
        let read: CellExpectation = text.parse().unwrap();
        assert_eq!(read.to_string().parse::<CellExpectation>().unwrap(), read, "{text}");
        read
    }

    #[test]
    fn a_selector_stands_between_the_metric_and_its_limit() {
        let one = read("hit_rate{strategy=cache-aside, cache.ttl=1s} > 90%");
        assert_eq!(
            (one.expectation.to_string().as_str(), one.selector.conditions.len()),
            ("hit_rate > 90%", 2)
        );
        assert!(read("read.response.p99 < 5ms").selector.is_empty());
        assert_eq!(read("hit_rate {ttl=1s}>=0.5").to_string(), "hit_rate{ttl=1s} >= 0.5");
        for (text, expected) in [
            ("hit_rate{strategy} > 0.9", "`{strategy} > 0.9` does not choose cells"),
            ("hit_rate{} > 0.9", "does not choose cells"),
            ("hitrate{ttl=1s} > 0.9", "no metric `hitrate`"),
            ("hit_rate{ttl=1s}", "no expectation"),
        ] {
            let error = text.parse::<CellExpectation>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn only_what_going_on_cannot_mend_has_failed_already() {
        let mut so_far = Metrics::default();
        so_far.put("read.response.p99", 9_100.0, Unit::Us);
        so_far.put("read.response.max", 20_000.0, Unit::Us);
        so_far.put("hit_rate", 0.5, Unit::Ratio);
        so_far.put("operations", 100.0, Unit::Count);
        so_far.put("stale_reads", 3.0, Unit::Count);
        for (text, failed) in [
            ("read.response.p99 < 5ms", Some(9_100.0)),
            ("read.response.p99 < 10ms", None),
            ("write.response.p99 < 5ms", None),
            ("hit_rate > 0.9", Some(0.5)),
            ("stale_reads == 0", Some(3.0)),
            ("stale_reads == 5", None),
            ("stale_reads < 3", Some(3.0)),
            ("operations > 1_000", None),
            ("operations == 1_000", None),
            ("read.response.max > 1s", None),
        ] {
            assert_eq!(read(text).failed_by(&so_far), failed, "{text}");
        }
    }
}
