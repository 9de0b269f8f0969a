//! Theory: what closed forms say beside what is measured, where they hold.

mod expiry;
mod model;
mod popularity;
mod steps;

pub use steps::choose;

use self::model::{load_s, model};
use crate::config::Workload;
use crate::measure::theory::{Expected, KeyClass, Stretch};
use crate::measure::{Metrics, Unit};

/// The rates at which a workload ran.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    pub reads_per_s: f64,
    pub writes_per_s: f64,
}

impl Rates {
    /// The keys by how often they are asked for.
    fn over(self, popularity: &[(f64, f64)]) -> Vec<KeyClass> {
        let class = |&(keys, share): &(f64, f64)| KeyClass {
            keys,
            reads_per_s: self.reads_per_s * share,
            writes_per_s: self.writes_per_s * share,
        };
        popularity.iter().map(class).collect()
    }
}

/// Puts what closed forms say beside what was measured, where they hold.
pub fn tell(metrics: &mut Metrics, workload: &Workload, rows: u64, rates: Rates, stretch: &Stretch) {
    expiry::tell(metrics, workload, rows, rates.reads_per_s);
    if metrics.get("hit_rate").is_none() || rates.reads_per_s <= 0.0 {
        return;
    }
    // Where no form holds there is nothing to tell, and the sweep says why.
    let Ok(model) = model(workload, rows) else { return };
    let life = model.life(load_s(metrics));
    put(metrics, &life.expected(&rates.over(&model.popularity), stretch));
}

fn put(metrics: &mut Metrics, expected: &Expected) {
    metrics.put("hit_rate.theory", expected.hit_rate, Unit::Ratio);
    metrics.put("stale_rate.theory", expected.stale_rate, Unit::Ratio);
    // Nobody but who misses loads.
    metrics.put("db.queries_per_read.theory", 1.0 - expected.hit_rate, Unit::Ratio);
    if let Some(errors) = expected.errors {
        metrics.put("hit_rate.theory_error", errors.hit_rate, Unit::Ratio);
        metrics.put("stale_rate.theory_error", errors.stale_rate, Unit::Ratio);
    }
}
