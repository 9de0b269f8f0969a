use schemars::JsonSchema;
use serde::Deserialize;

use super::{Keys, Random};
use crate::registry::{self, Entry, OptionsError};
use crate::traffic::Bijection;

pub const ENTRY: Entry<dyn Keys, super::KeyParts> = Entry {
    name: "hotspot",
    summary: "a share of the rows takes a share of the requests, both parts uniform inside",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let hot = match options.hot_keys {
            Some(keys) if keys > parts.rows => {
                return Err(OptionsError(format!(
                    "hot_keys: {keys} hot keys are more than the {} rows",
                    parts.rows
                )));
            }
            Some(keys) => keys,
            None => (options.hot_share * parts.rows as f64).round() as u64,
        };
        let hot = hot.clamp(1, parts.rows.max(1));
        let rows = Bijection::new(parts.rows, parts.seed);
        Ok(Box::new(Hotspot { hot, count: parts.rows, requests: options.request_share, rows }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// The hot share of the rows.
    #[schemars(range(min = 0, max = 1))]
    hot_share: f64,
    /// The number of hot rows, instead of a share.
    hot_keys: Option<u64>,
    /// The share of requests that go to the hot rows.
    #[schemars(range(min = 0, max = 1))]
    request_share: f64,
}

impl Default for Options {
    fn default() -> Options {
        Options { hot_share: 0.2, hot_keys: None, request_share: 0.8 }
    }
}

/// YCSB's hotspot distribution, its hot rows scattered.
struct Hotspot {
    hot: u64,
    count: u64,
    requests: f64,
    rows: Bijection,
}

impl Keys for Hotspot {
    fn pick(&self, _: u64, _: u64, random: &mut Random) -> u64 {
        let rank = if random.unit() <= self.requests || self.hot == self.count {
            random.below(self.hot)
        } else {
            self.hot + random.below(self.count - self.hot)
        };
        self.rows.apply(rank)
    }
}

#[cfg(test)]
mod tests {
    use crate::traffic::keys::tests::shares;

    #[test]
    fn the_hot_rows_take_their_share() {
        let draws = 200_000;
        let shares = shares(r#"{"hotspot": {"hot_share": 0.1, "request_share": 0.9}}"#, 1_000, draws);
        let expected: f64 = 0.9;
        let measured: f64 = shares[..100].iter().sum();
        let error = (expected * (1.0 - expected) / draws as f64).sqrt();
        assert!((measured - expected).abs() < 4.0 * error, "{measured} against {expected}");
    }
}
