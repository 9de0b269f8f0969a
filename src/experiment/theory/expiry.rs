use crate::config::Workload;
use crate::measure::{Metrics, Unit};
use crate::mitigation::Expiry;

/// Puts the loads that theory has for one expiry beside those that were measured, where all rows are read alike and
/// the guard has a closed form.
pub fn tell(metrics: &mut Metrics, workload: &Workload, rows: u64, reads_per_s: f64) {
    let is_even = rows == 1 || workload.traffic.keys.name == "uniform";
    let is_even = is_even && workload.traffic.absent.is_none();
    let Some(window_us) = metrics.get("stampede.window.mean").filter(|_| is_even) else { return };
    // What cannot be built has not been measured.
    let Ok(guards) = workload.guards() else { return };
    let expiry = Expiry {
        reads_per_s: reads_per_s / rows as f64,
        load_s: window_us / 1e6,
        instances: workload.readers(),
        clients: workload.traffic.load.clients(),
    };
    if let Some(loads) = guards.loads_per_expiry(&expiry) {
        metrics.put("stampede.loads_per_expiry.theory", loads, Unit::Count);
    }
}
