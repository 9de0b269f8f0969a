use super::{Findings, Remark};

/// Of the processor time, the hypervisor may take so much.
const STEAL: f64 = 0.05;
/// The kernel counts stolen time in hundredths of a second: fewer than ten tell no share.
const LEAST_STEAL_S: f64 = 0.1;

/// Processor time that the hypervisor gave to others.
pub fn steal(findings: &Findings) -> Option<Remark> {
    let share = findings.usage.steal_share(findings.elapsed);
    (share > STEAL && findings.usage.steal_s >= LEAST_STEAL_S).then(|| {
        Remark::Reason(format!(
            "the hypervisor took {:.0} % of the processor time; use a quieter machine",
            share * 100.0
        ))
    })
}

/// A control group's quota that stopped the generator.
pub fn throttling(findings: &Findings) -> Option<Remark> {
    let times = findings.usage.throttled;
    (times > 0).then(|| {
        Remark::Reason(format!(
            "the control group's processor quota stopped the harness {times} times; raise the quota (cpu.max)"
        ))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::measure::{Findings, Metrics, Unit, Usage, Verdict};

    fn verdict(usage: &Usage, elapsed: f64) -> Verdict {
        let mut metrics = Metrics::default();
        metrics.put("operations", 1_000.0, Unit::Count);
        Verdict::on(&Findings {
            elapsed: Duration::from_secs_f64(elapsed),
            ..Findings::quiet(&metrics, usage)
        })
    }

    #[test]
    fn stolen_time_counts_once_there_is_enough_to_tell_its_share() {
        let verdict = |steal_s: f64, elapsed| verdict(&Usage { steal_s, ..Usage::default() }, elapsed);
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        assert!(verdict(0.02, 0.1).is_valid(), "two ticks in a tenth of a second");
        assert!(verdict(0.04 * cores * 10.0, 10.0).is_valid());
        assert!(verdict(0.06 * cores * 10.0, 10.0).reasons[0].contains("hypervisor took 6 %"));
    }

    #[test]
    fn throttling_is_told() {
        let verdict = |throttled| verdict(&Usage { throttled, ..Usage::default() }, 10.0);
        assert!(verdict(0).is_valid());
        assert!(verdict(3).reasons[0].contains("stopped the harness 3 times"));
    }
}
