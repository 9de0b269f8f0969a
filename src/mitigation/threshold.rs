use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::none::Unguarded;
use super::{Expiry, Hit, Lifetime, Mitigation, Parts, Wish, positive};
use crate::model::Value;
use crate::registry::{self, Entry, OptionsError};

pub const ENTRY: Entry<dyn Mitigation, Parts> = Entry {
    name: "threshold",
    summary: "every reader loads anew once little of the TTL is left: no XFetch, the stampede only comes earlier",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let Options { beta, share } = registry::options(options)?;
        positive("beta", beta)?;
        positive("share", share)?;
        if beta * share >= 1.0 {
            let text = "beta times share must be below 1: every read would load";
            return Err(OptionsError(text.into()));
        }
        let below = parts.needed_ttl(ENTRY.name)?.mul_f64(beta * share);
        Ok(Box::new(Threshold { below }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// A factor of `share`. It is not the β of XFetch: neither chance nor the cost of a load comes in.
    #[schemars(extend("exclusiveMinimum" = 0))]
    beta: f64,
    /// The share of the TTL that has to be left, else readers load.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    share: f64,
}

impl Default for Options {
    fn default() -> Options {
        Options { beta: 1.0, share: 0.1 }
    }
}

/// A rule often given as a simple form of XFetch, which it is not: after the threshold every reader loads at once,
/// until the first of these loads has filled.
struct Threshold {
    /// An entry that is fresh for less than this is loaded anew.
    below: Duration,
}

impl Mitigation for Threshold {
    fn lifetime(&self, _: &Value, life: &mut Lifetime) {
        life.stamped = true;
    }

    fn on_hit(&self, hit: &Hit<'_>) -> Option<Wish> {
        // That a row is not there may be remembered for less than the threshold.
        let left = hit.fresh_us().filter(|&us| us > 0 && !hit.value.tombstone)?;
        (left.unsigned_abs() < self.below.as_micros() as u64).then_some(Wish::Load)
    }

    fn loads_per_expiry(&self, expiry: &Expiry) -> Option<f64> {
        Unguarded.loads_per_expiry(expiry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mitigation::tests::{build, hit, refused};

    const TTL: Option<Duration> = Some(Duration::from_secs(10));

    #[test]
    fn every_reader_past_the_threshold_loads_and_none_before() {
        for (options, below_us) in [("{}", 1_000_000), (r#"{"beta": 2, "share": 0.05}"#, 1_000_000)] {
            let guard = build(&format!(r#"{{"threshold": {options}}}"#), TTL);
            for _ in 0..100 {
                assert!(hit(&*guard, below_us, 500).is_none());
                assert!(matches!(hit(&*guard, below_us - 1, 500), Some(Wish::Load)));
            }
            // What a load costs does not come in, and what has expired is left to others.
            assert!(matches!(hit(&*guard, 1, 0), Some(Wish::Load)) && hit(&*guard, 0, 500).is_none());
        }
    }

    #[test]
    fn it_saves_no_load() {
        let expiry = Expiry { reads_per_s: 500.0, load_s: 0.1, instances: 4, clients: 1_000 };
        let guard = build(r#""threshold""#, TTL);
        assert_eq!(guard.loads_per_expiry(&expiry), Some(51.0));
        assert_eq!(guard.loads_per_expiry(&Expiry { clients: 32, ..expiry }), Some(32.0));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(refused(r#""threshold""#, None).contains("threshold needs cache.ttl"));
        for options in [r#"{"beta": 0}"#, r#"{"share": 0}"#, r#"{"share": 1}"#, r#"{"beta": 10}"#] {
            refused(&format!(r#"{{"threshold": {options}}}"#), TTL);
        }
    }
}
