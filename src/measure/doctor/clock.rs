use super::{Machine, State, Symptom};

/// Sources that are read without asking the kernel.
const FAST: [&str; 5] =
    ["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page", "vmclock-tsc"];
/// A reading that takes longer shows in latencies: each operation reads the clock a few times.
const SLOW_NS: f64 = 250.0;

/// The clock that every latency is measured by, and what a reading of it costs.
pub fn look(machine: &Machine) -> Option<Symptom> {
    let source = machine.line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    let cost = machine.clock_ns.map(|ns| format!("{ns:.0} ns a reading"));
    let found: Vec<String> = source.iter().cloned().chain(cost).collect();
    if found.is_empty() {
        return None;
    }
    let found = found.join(", ");
    let is_slow = machine.clock_ns.is_some_and(|ns| ns > SLOW_NS);
    let is_fast = source.as_deref().is_none_or(|source| FAST.contains(&source));
    Some(if is_slow {
        let remedy = "each operation reads it several times: use a faster source (clocksource=tsc), or a release build";
        Symptom::bad(State::Warning, found, remedy)
    } else if is_fast {
        Symptom::good(found)
    } else {
        Symptom::bad(State::Note, found, "tsc or kvm-clock is read without the kernel")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_clock_is_warned_of() {
        let state = |source: &str, ns: f64| {
            let files = [("/sys/devices/system/clocksource/clocksource0/current_clocksource", source)];
            let found = look(&Machine { clock_ns: Some(ns), ..Machine::of(&files) }).unwrap();
            (found.state, found.found)
        };
        assert_eq!(state("tsc\n", 23.4), (State::Good, "tsc, 23 ns a reading".into()));
        assert_eq!(state("kvm-clock\n", 50.0).0, State::Good);
        assert_eq!(state("acpi_pm\n", 900.0).0, State::Warning);
        assert_eq!(state("hpet\n", 60.0).0, State::Note);
        assert_eq!(look(&Machine::of(&[])), None);
    }
}
