use super::{Machine, State, Symptom};

const CPUFREQ: &str = "/sys/devices/system/cpu/cpu0/cpufreq";

/// Whether the clock of the cores keeps its rate; a virtual machine does not tell.
pub fn look(machine: &Machine) -> Option<Symptom> {
    let governor = machine.line(&format!("{CPUFREQ}/scaling_governor"))?;
    let found = format!("governor {governor}{}", if has_turbo(machine) { ", turbo on" } else { "" });
    Some(match governor.as_str() {
        "performance" if !has_turbo(machine) => Symptom::good(found),
        "performance" => {
            let remedy = "the rate depends on heat and on busy cores: turn turbo off to compare over days";
            Symptom::bad(State::Note, found, remedy)
        }
        _ => {
            let remedy = "a core that was idle starts slowly: cpupower frequency-set -g performance";
            Symptom::bad(State::Warning, found, remedy)
        }
    })
}

/// As Intel's driver or the general one tells it.
fn has_turbo(machine: &Machine) -> bool {
    machine.line("/sys/devices/system/cpu/intel_pstate/no_turbo").is_some_and(|off| off == "0")
        || machine.line("/sys/devices/system/cpu/cpufreq/boost").is_some_and(|on| on == "1")
}

#[cfg(test)]
mod tests {
    use super::super::tests::seen;
    use super::*;

    #[test]
    fn a_rate_that_changes_is_told() {
        let governor = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
        let turbo = ("/sys/devices/system/cpu/intel_pstate/no_turbo", "0\n");
        assert_eq!(seen(look, &[(governor, "performance\n")]).unwrap().0, State::Good);
        assert_eq!(seen(look, &[(governor, "performance\n"), turbo]).unwrap().0, State::Note);
        let (state, words) = seen(look, &[(governor, "powersave\n"), turbo]).unwrap();
        assert!(state == State::Warning && words.starts_with("governor powersave, turbo on"), "{words}");
        assert_eq!(seen(look, &[turbo]), None);
    }
}
