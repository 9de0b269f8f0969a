use schemars::JsonSchema;
use serde::Deserialize;

use super::dice::{Dice, Draw};
use super::in_flight::InFlight;
use super::{Expiry, Hit, Lifetime, Mitigation, Parts, Wish, positive};
use crate::measure::theory;
use crate::model::Value;
use crate::registry::{self, Entry};

pub const ENTRY: Entry<dyn Mitigation, Parts> = Entry {
    name: "xfetch",
    summary: "a reader loads anew before the expiry at random, the likelier the nearer it is and the longer a load takes",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let Options { beta, mode } = registry::options(options)?;
        positive("beta", beta)?;
        parts.needed_ttl(ENTRY.name)?;
        let dice = Dice::new(&parts, Draw::Refresh);
        Ok(Box::new(XFetch { beta, mode, dice, refreshing: InFlight::default() }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// How early readers load, in multiples of what a load takes: more is earlier, and fewer loads at once.
    #[schemars(extend("exclusiveMinimum" = 0))]
    beta: f64,
    /// Whether the reader that loads early waits for it. In front of `lock`, in a list with it, only one of the readers
    /// that load early does so over all instances; the others are served the entry that they found.
    mode: Mode,
}

impl Default for Options {
    fn default() -> Options {
        Options { beta: 1.0, mode: Mode::Sync }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    /// It waits, as in the paper.
    Sync,
    /// It is served the entry, which is loaded anew behind its back: one row once at a time in each service instance.
    Async,
}

/// Optimal probabilistic early expiration (Vattani, Chierichetti, Lowenstein, PVLDB 8(8), 2015, figure 3).
///
/// The expiry and what the last load took are stored with the entry. Without the latter, as after a write, it is
/// never loaded early.
struct XFetch {
    beta: f64,
    mode: Mode,
    dice: Dice,
    refreshing: InFlight,
}

/// Whether a reader that drew `unit`, from (0, 1], loads early: −βδ ln(u) ≥ the time that remains. Over all draws the
/// chance is e^(−r / (βδ)). Times are in microseconds.
fn volunteers(remaining_us: f64, cost_us: f64, beta: f64, unit: f64) -> bool {
    cost_us > 0.0 && -beta * cost_us * unit.ln() >= remaining_us
}

impl Mitigation for XFetch {
    fn lifetime(&self, _: &Value, life: &mut Lifetime) {
        life.stamped = true;
    }

    fn on_hit(&self, hit: &Hit<'_>) -> Option<Wish> {
        // What is kept past its expiry is another guard's business.
        let remaining_us = hit.fresh_us().filter(|&us| us > 0)? as f64;
        if !volunteers(remaining_us, f64::from(hit.value.load_cost_us), self.beta, self.dice.unit()) {
            return None;
        }
        Some(match self.mode {
            Mode::Sync => Wish::Load,
            Mode::Async => self.refreshing.wish(hit.key),
        })
    }

    /// Where the key is read so often that hardly ever the first volunteer comes later than a load before the expiry: then
    /// those who come after the expiry would load as well.
    fn loads_per_expiry(&self, expiry: &Expiry) -> Option<f64> {
        let Expiry { reads_per_s, load_s, instances, clients } = *expiry;
        let often = theory::xfetch_late(reads_per_s, load_s, self.beta) < 0.01;
        match self.mode {
            _ if !often => None,
            Mode::Sync => Some(theory::loads_per_expiry_xfetch(self.beta).min(clients as f64)),
            Mode::Async => (instances == 1).then_some(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::measure::theory::standard_error;
    use crate::mitigation::tests::{build, hit, refused};
    use crate::traffic::{Random, Stream};

    const COST_US: u32 = 1_000;

    fn guard(options: &str) -> impl Fn(i64, u32) -> Option<Wish> + use<> {
        let guard = build(&format!(r#"{{"xfetch": {options}}}"#), Some(Duration::from_secs(60)));
        move |remaining_us, cost_us| hit(&*guard, remaining_us, cost_us)
    }

    #[test]
    fn a_reader_loads_early_with_the_chance_of_the_paper() {
        for (beta, remaining, chance) in [
            (1.0, 1.0, 0.3679),
            (1.0, 2.0, 0.1353),
            (1.0, 5.0, 0.0067),
            (2.0, 2.0, 0.3679),
            (0.5, 1.0, 0.1353),
        ] {
            let read = guard(&format!(r#"{{"beta": {beta}}}"#));
            let (n, left) = (200_000, (remaining * f64::from(COST_US)) as i64);
            let early = (0..n).filter(|_| matches!(read(left, COST_US), Some(Wish::Load))).count();
            let off = early as f64 / f64::from(n) - chance;
            assert!(off.abs() < 3.0 * standard_error(chance, f64::from(n)), "{beta} {remaining}: {off}");
        }
    }

    #[test]
    fn the_draw_decides_by_its_logarithm() {
        // −ln(e^−2) = 2.
        let unit = (-2.0f64).exp();
        assert!(volunteers(1_999.0, 1_000.0, 1.0, unit) && !volunteers(2_001.0, 1_000.0, 1.0, unit));
        assert!(volunteers(3_999.0, 1_000.0, 2.0, unit) && !volunteers(4_001.0, 1_000.0, 2.0, unit));
        // The smallest draw is no infinite gap, the largest no gap at all.
        assert!(!volunteers(36_738.0, 1_000.0, 1.0, 1.0) && !volunteers(1.0, 1_000.0, 1.0, 1.0));
        assert!(!volunteers(36_738.0, 1_000.0, 1.0, 1.0 / (1u64 << 53) as f64));
        // Loads of less than a millisecond count.
        assert!(volunteers(700.0, 400.0, 1.0, unit));
    }

    #[test]
    fn an_entry_without_a_load_cost_or_past_its_expiry_is_left_alone() {
        let read = guard("{}");
        assert!((0..1_000).all(|_| read(1, 0).is_none()));
        assert!((0..1_000).all(|_| read(0, COST_US).is_none() && read(-5, COST_US).is_none()));
    }

    #[test]
    fn behind_the_back_a_row_is_refreshed_once_at_a_time() {
        let read = guard(r#"{"mode": "async"}"#);
        let mut drawn = (0..1_000).filter_map(|_| read(1, COST_US));
        let Some(Wish::Behind(flight)) = drawn.next() else { panic!() };
        assert!(drawn.by_ref().take(100).all(|wish| matches!(wish, Wish::Serve)));
        drop(flight);
        assert!(matches!(drawn.next(), Some(Wish::Behind(Some(_)))));
    }

    /// The loads of one expiry under Poisson readers at `reads` per load, and the lead of the first in loads.
    fn expiry(random: &mut Random, reads: f64, beta: f64) -> (u32, f64) {
        // So many loads before the expiry nobody volunteers.
        let (mut at, mut first, mut loads) = (-25.0, None, 0);
        loop {
            at -= random.unit().ln() / reads;
            if first.is_some_and(|first: f64| at >= first + 1.0) {
                return (loads, -first.unwrap_or(0.0));
            }
            if at >= 0.0 || volunteers(-at, 1.0, beta, random.unit()) {
                first.get_or_insert(at);
                loads += 1;
            }
        }
    }

    #[test]
    fn loads_of_an_expiry_are_geometric_and_lead_by_the_gap_of_the_theory() {
        for (reads, beta) in [(50.0, 1.0), (500.0, 1.0), (50.0, 1.5)] {
            let (mut random, n) = (Random::new(1, Stream::Guard, 0), 4_000);
            let drawn: Vec<_> = (0..n).map(|_| expiry(&mut random, reads, beta)).collect();
            let mean = |of: &dyn Fn(&(u32, f64)) -> f64| drawn.iter().map(of).sum::<f64>() / f64::from(n);
            let expected = theory::loads_per_expiry_xfetch(beta);
            let p = 1.0 / expected;
            let error = ((1.0 - p) / (p * p) / f64::from(n)).sqrt();
            let loads = mean(&|(loads, _)| f64::from(*loads));
            assert!((loads - expected).abs() < 4.0 * error, "{loads} for {expected}");
            let alone = mean(&|(loads, _)| f64::from(u8::from(*loads == 1)));
            assert!((alone - p).abs() < 4.0 * standard_error(p, f64::from(n)), "{alone} for {p}");
            let (lead, led) = (mean(&|(_, lead)| *lead), theory::xfetch_lead(reads, 1.0, beta));
            // The standard deviation of a Gumbel variable is π / √6.
            assert!((lead - led).abs() < 4.0 * beta * 1.2825 / f64::from(n).sqrt(), "{lead} for {led}");
        }
    }

    #[test]
    fn what_an_expiry_costs_is_told_for_keys_that_are_read_often() {
        let ttl = Some(Duration::from_secs(60));
        let (sync, behind) = (build(r#""xfetch""#, ttl), build(r#"{"xfetch": {"mode": "async"}}"#, ttl));
        let often = Expiry { reads_per_s: 500.0, load_s: 0.1, instances: 1, clients: 64 };
        assert_eq!(sync.loads_per_expiry(&often), Some(1f64.exp()));
        assert_eq!(behind.loads_per_expiry(&often), Some(1.0));
        assert_eq!(behind.loads_per_expiry(&Expiry { instances: 2, ..often }), None);
        assert_eq!(sync.loads_per_expiry(&Expiry { reads_per_s: 1.0, ..often }), None);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(refused(r#""xfetch""#, None).contains("xfetch needs cache.ttl"));
        for beta in ["0", "-1"] {
            let text = format!(r#"{{"xfetch": {{"beta": {beta}}}}}"#);
            assert!(refused(&text, Some(Duration::from_secs(1))).contains("beta"));
        }
    }
}
