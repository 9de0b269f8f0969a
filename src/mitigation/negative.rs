use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::none::Unguarded;
use super::{Expiry, Lifetime, Mitigation, Parts};
use crate::model::{Time, Value};
use crate::registry::{self, Entry, OptionsError};

pub const ENTRY: Entry<dyn Mitigation, Parts> = Entry {
    name: "negative",
    summary: "that a row is not there is remembered in the cache for a short time",
    options: registry::schema_of::<Options>,
    build: |options, _| {
        let Options { ttl: Time(ttl) } = registry::options(options)?;
        if ttl < Duration::from_millis(1) {
            return Err(OptionsError("ttl must be at least 1ms".into()));
        }
        Ok(Box::new(Negative { ttl }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// How long it is remembered. Where writes leave entries to their TTL, an insert is not seen before that.
    ttl: Time,
}

impl Default for Options {
    fn default() -> Options {
        Options { ttl: Time(Duration::from_secs(1)) }
    }
}

/// Readers of rows that do not exist load once in a while instead of every time.
struct Negative {
    ttl: Duration,
}

impl Mitigation for Negative {
    /// It is kept no longer than that, whatever the guards before this one have set.
    fn lifetime(&self, value: &Value, life: &mut Lifetime) {
        if value.tombstone {
            (life.fresh, life.stale) = (Some(self.ttl), Duration::ZERO);
        }
    }

    fn keeps_absent(&self) -> bool {
        true
    }

    fn loads_per_expiry(&self, expiry: &Expiry) -> Option<f64> {
        Unguarded.loads_per_expiry(expiry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mitigation::tests::{key, refused, stack};

    #[test]
    fn only_what_is_not_there_is_remembered_for_less() {
        let ttl = Some(Duration::from_secs(60));
        for (text, ttl) in
            [(r#""negative""#, ttl), (r#""negative""#, None), (r#"["jitter", "negative"]"#, ttl)]
        {
            let guards = stack(text, ttl);
            let absent = Value { tombstone: true, ..Value::default() };
            assert!(guards.keep_absent());
            assert_eq!(guards.stamp(&key(), absent).1, Some(Duration::from_secs(1)), "{text}");
        }
        assert_eq!(stack(r#""negative""#, ttl).stamp(&key(), Value::default()), (Value::default(), ttl));
        assert_eq!(stack(r#""negative""#, None).stamp(&key(), Value::default()), (Value::default(), None));
    }

    #[test]
    fn a_time_that_the_cache_cannot_keep_is_refused() {
        assert!(refused(r#"{"negative": {"ttl": "0s"}}"#, None).contains("ttl"));
    }
}
