use schemars::JsonSchema;
use serde::Deserialize;

use super::dice::{Dice, Draw};
use super::none::Unguarded;
use super::{Expiry, Lifetime, Mitigation, Parts};
use crate::model::Value;
use crate::registry::{self, Entry, OptionsError};

pub const ENTRY: Entry<dyn Mitigation, Parts> = Entry {
    name: "jitter",
    summary: "every entry lives for a time drawn around the TTL, so that entries filled together do not expire together",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let Options { spread } = registry::options(options)?;
        if !(spread > 0.0 && spread < 1.0) {
            return Err(OptionsError(format!("spread must be above 0 and below 1, it is {spread}")));
        }
        parts.needed_ttl(ENTRY.name)?;
        Ok(Box::new(Jitter { spread, dice: Dice::new(&parts, Draw::Lifetime) }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// How far from the TTL an entry's may be, as a share of it: evenly from 1 − spread to 1 + spread times.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    spread: f64,
}

impl Default for Options {
    fn default() -> Options {
        Options { spread: 0.1 }
    }
}

/// It parts the expiries of different rows. Those who miss one row all load it as without.
struct Jitter {
    spread: f64,
    dice: Dice,
}

impl Mitigation for Jitter {
    fn needs_fills(&self) -> bool {
        false
    }

    /// Drawn for each fill; it changes what the guards before this one have set.
    fn lifetime(&self, _: &Value, life: &mut Lifetime) {
        let factor = 1.0 + self.spread * (2.0 * self.dice.unit() - 1.0);
        life.fresh = life.fresh.map(|fresh| fresh.mul_f64(factor));
        life.stale = life.stale.mul_f64(factor);
    }

    fn loads_per_expiry(&self, expiry: &Expiry) -> Option<f64> {
        Unguarded.loads_per_expiry(expiry)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::mitigation::tests::{build, refused};

    const TTL: Duration = Duration::from_secs(10);

    #[test]
    fn lifetimes_are_spread_evenly_around_the_ttl() {
        for spread in [0.1, 0.5] {
            let guard = build(&format!(r#"{{"jitter": {{"spread": {spread}}}}}"#), Some(TTL));
            let draw = || {
                let mut life = Lifetime { fresh: Some(TTL), stale: 2 * TTL, stamped: false };
                guard.lifetime(&Value::default(), &mut life);
                let share = life.fresh.unwrap().as_secs_f64() / TTL.as_secs_f64();
                assert!((life.stale.as_secs_f64() / TTL.as_secs_f64() - 2.0 * share).abs() < 1e-6);
                share
            };
            let (n, drawn) = (20_000.0, (0..20_000).map(|_| draw()).collect::<Vec<f64>>());
            assert!(drawn.iter().all(|share| (1.0 - spread..=1.0 + spread).contains(share)));
            let mean = drawn.iter().sum::<f64>() / n;
            let deviation = (drawn.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / n).sqrt();
            assert!((mean - 1.0).abs() < 3.0 * spread / 3f64.sqrt() / n.sqrt(), "{mean}");
            assert!((deviation / (spread / 3f64.sqrt()) - 1.0).abs() < 0.02, "{deviation}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(refused(r#""jitter""#, None).contains("jitter needs cache.ttl"));
        for spread in ["0", "1", "-0.1", "7"] {
            assert!(
                refused(&format!(r#"{{"jitter": {{"spread": {spread}}}}}"#), Some(TTL)).contains("spread")
            );
        }
    }
}
