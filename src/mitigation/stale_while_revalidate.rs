use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::in_flight::InFlight;
use super::{Expiry, Hit, Lifetime, Loaded, Mitigation, Need, Next, Parts, Request, Wish};
use crate::measure::theory;
use crate::model::{BoxFuture, Failure, Time, Value};
use crate::registry::{self, Entry, OptionsError};

pub const ENTRY: Entry<dyn Mitigation, Parts> = Entry {
    name: "stale-while-revalidate",
    summary: "an entry past its TTL is still served for a while, and loaded anew behind the callers' backs",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let Options { stale: Time(stale), guard, stale_if_error: Time(if_error) } =
            registry::options(options)?;
        if stale.is_zero() && if_error.is_zero() {
            let text = "stale and stale_if_error are both 0: no entry would ever be served past its TTL";
            return Err(OptionsError(text.into()));
        }
        parts.needed_ttl(ENTRY.name)?;
        Ok(Box::new(StaleWhileRevalidate { stale, if_error, guard, refreshing: InFlight::default() }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// How long past its TTL, the soft limit, an entry is served while it is loaded anew. Then comes the hard limit:
    /// from there on readers wait for the load.
    stale: Time,
    /// How many refreshes of a row may be under way. In front of `lock`, in a list with it, there is one over all
    /// instances.
    guard: Guard,
    /// How long past the hard limit an entry is kept, to be served if the load fails.
    stale_if_error: Time,
}

impl Default for Options {
    fn default() -> Options {
        let (stale, stale_if_error) = (Time(Duration::from_secs(10)), Time(Duration::ZERO));
        Options { stale, guard: Guard::Instance, stale_if_error }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Guard {
    /// One in each service instance.
    Instance,
    /// One for each reader of a stale entry: nobody waits, but the database is stormed all the same.
    None,
}

/// `stale-while-revalidate` and `stale-if-error` of RFC 5861. No timer refreshes anything, readers do.
struct StaleWhileRevalidate {
    stale: Duration,
    if_error: Duration,
    guard: Guard,
    refreshing: InFlight,
}

impl Mitigation for StaleWhileRevalidate {
    fn lifetime(&self, _: &Value, life: &mut Lifetime) {
        life.stale += self.stale + self.if_error;
    }

    fn on_hit(&self, hit: &Hit<'_>) -> Option<Wish> {
        let past_us = hit.fresh_us().filter(|&us| us <= 0)?.unsigned_abs();
        Some(match self.guard {
            _ if u128::from(past_us) >= self.stale.as_micros() => Wish::Load,
            Guard::Instance => self.refreshing.wish(hit.key),
            Guard::None => Wish::Behind(None),
        })
    }

    fn load(self: Arc<Self>, request: Request, next: Next) -> BoxFuture<'static, Loaded> {
        if self.if_error.is_zero() || request.need() != Need::Fresh {
            return next.load(request);
        }
        Box::pin(async move {
            match next.load(request).await {
                // Whom a guard turns away, it has already decided about.
                Loaded::Failed(failure) if failure != Failure::Shed => Loaded::AtHand,
                loaded => loaded,
            }
        })
    }

    fn loads_per_expiry(&self, expiry: &Expiry) -> Option<f64> {
        let Expiry { reads_per_s, load_s, instances, .. } = *expiry;
        Some(match self.guard {
            Guard::Instance => theory::loads_per_expiry_single_flight(reads_per_s, load_s, instances),
            // Readers do not wait, so that they are so many clients bounds nothing.
            Guard::None => theory::loads_per_expiry(reads_per_s, load_s),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Cause;
    use crate::mitigation::Guards;
    use crate::mitigation::tests::{Slow, build, failed, found, hit, key, missing, refused, row, stack};

    const TTL: Option<Duration> = Some(Duration::from_secs(60));

    fn with(options: &str) -> String {
        format!(r#"{{"stale-while-revalidate": {options}}}"#)
    }

    #[test]
    fn an_entry_is_fresh_then_stale_then_waited_for() {
        let guard = build(&with(r#"{"stale": "2s", "stale_if_error": "3s"}"#), TTL);
        assert!(hit(&*guard, 1, 0).is_none());
        for past_us in [0, 1, 1_999_999] {
            assert!(matches!(hit(&*guard, -past_us, 0), Some(Wish::Behind(Some(_)))), "{past_us}");
        }
        for past_us in [2_000_000, 4_999_999, 90_000_000] {
            assert!(matches!(hit(&*guard, -past_us, 0), Some(Wish::Load)), "{past_us}");
        }
        let (value, kept) = Guards::new(vec![guard], &Parts::noop(TTL)).stamp(&key(), Value::default());
        assert_eq!(kept, Some(Duration::from_secs(65)));
        let fresh_us = value.expires_at_us - crate::model::unix_us();
        assert!((59_000_000..=60_000_000).contains(&fresh_us), "{fresh_us}");
    }

    #[test]
    fn a_stale_entry_is_refreshed_once_at_a_time_or_by_every_reader() {
        let guard = build(&with("{}"), TTL);
        let first = hit(&*guard, -1, 0);
        assert!(matches!(first, Some(Wish::Behind(Some(_)))));
        assert!((0..9).all(|_| matches!(hit(&*guard, -1, 0), Some(Wish::Serve))));
        drop(first);
        assert!(matches!(hit(&*guard, -1, 0), Some(Wish::Behind(Some(_)))));
        let guard = build(&with(r#"{"guard": "none"}"#), TTL);
        let all: Vec<_> = (0..9).map(|_| hit(&*guard, -1, 0)).collect();
        assert!(all.iter().all(|wish| matches!(wish, Some(Wish::Behind(None)))));
    }

    #[tokio::test(start_paused = true)]
    async fn an_entry_past_the_hard_limit_is_served_only_if_its_load_fails() {
        let guards = stack(&with(r#"{"stale_if_error": "5s"}"#), TTL);
        let shed = || Loaded::Failed(Failure::Shed);
        let source = Slow::answering([failed(), row(), shed(), failed()]);
        for expected in [Loaded::AtHand, row(), shed()] {
            assert_eq!(guards.load(found(Cause::Expired), source.clone()).await, expected);
        }
        // Nothing is at hand.
        assert_eq!(guards.load(missing(), source).await, failed());
        let guards = stack(&with("{}"), TTL);
        assert_eq!(guards.load(found(Cause::Expired), Slow::answering([failed()])).await, failed());
    }

    #[test]
    fn its_loads_are_those_of_single_flight_or_of_no_guard() {
        let expiry = Expiry { reads_per_s: 500.0, load_s: 0.1, instances: 4, clients: 8 };
        let loads = |options: &str| build(&with(options), TTL).loads_per_expiry(&expiry).unwrap();
        assert!((loads("{}") - 4.0).abs() < 0.001);
        assert_eq!(loads(r#"{"guard": "none"}"#), 51.0);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(refused(&with("{}"), None).contains("stale-while-revalidate needs cache.ttl"));
        assert!(refused(&with(r#"{"stale": "0s"}"#), TTL).contains("stale"));
    }
}
