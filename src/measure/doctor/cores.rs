use super::{Machine, State, Symptom};

/// Fewer than these, and the load generator and both servers take turns on them.
const ENOUGH: usize = 4;

/// The cores of the machine, and those that we may use.
pub fn look(machine: &Machine) -> Option<Symptom> {
    let all = online(&machine.read("/proc/stat")?).filter(|count| *count > 0)?;
    let status = machine.read("/proc/self/status");
    let ours = status.as_deref().and_then(allowed).unwrap_or(all).min(all);
    let found = format!("{ours} of {all}");
    Some(match ours {
        1 => {
            let remedy =
                "generator and servers take turns on it: use more cores, or compare counts and not times";
            Symptom::bad(State::Warning, found, remedy)
        }
        few if few < ENOUGH => {
            let remedy = "generator and servers share them: keep the rate well below the highest";
            Symptom::bad(State::Note, found, remedy)
        }
        _ => Symptom::good(found),
    })
}

/// The `cpu0`, `cpu1` … of /proc/stat.
fn online(stat: &str) -> Option<usize> {
    let is_core = |line: &&str| {
        line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
    };
    Some(stat.lines().filter(is_core).count())
}

/// The number of cores in `Cpus_allowed_list: 0-3,8`.
fn allowed(status: &str) -> Option<usize> {
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?.trim();
    let count = |range: &str| -> Option<usize> {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        last.parse::<usize>().ok()?.checked_sub(first.parse().ok()?)?.checked_add(1)
    };
    list.split(',').map(count).sum()
}

#[cfg(test)]
mod tests {
    use super::super::tests::seen;
    use super::*;

    #[test]
    fn few_cores_are_noted_and_one_warned_of() {
        let stat = |cores: usize| {
            let all: String = (0..cores).map(|core| format!("cpu{core} 1 2 3 4\n")).collect();
            format!("cpu 1 2 3 4\n{all}intr 5\n")
        };
        let state = |cores: usize, list: &str| {
            let (stat, status) = (stat(cores), format!("Name:\tx\nCpus_allowed_list:\t{list}\n"));
            seen(look, &[("/proc/stat", &stat), ("/proc/self/status", &status)]).unwrap()
        };
        assert_eq!(state(8, "0-7"), (State::Good, "8 of 8".into()));
        assert_eq!(state(8, "0,4-5").0, State::Note);
        assert!(state(8, "0,4-5").1.starts_with("3 of 8"));
        assert_eq!(state(1, "0").0, State::Warning);
        assert_eq!(state(8, "nonsense").0, State::Good, "all of them, for all we know");
    }
}
