use super::{Machine, State, Symptom};

/// The quota of our control group, version 2 or 1, and how often it has stopped us.
pub fn look(machine: &Machine) -> Option<Symptom> {
    let groups = machine.read("/proc/self/cgroup")?;
    let path =
        |controller: &str| groups.lines().find_map(|line| Some(line.split_once(controller)?.1)).unwrap_or("");
    let (own, old) = (path("0::").trim_end_matches('/'), path("cpu,cpuacct:").trim_end_matches('/'));
    let folders = [
        format!("/sys/fs/cgroup{own}"),
        "/sys/fs/cgroup".into(),
        format!("/sys/fs/cgroup/cpu{old}"),
        "/sys/fs/cgroup/cpu".into(),
    ];
    let (folder, quota) = folders.iter().find_map(|folder| Some((folder, quota(machine, folder)?)))?;
    let throttled =
        machine.read(&format!("{folder}/cpu.stat")).and_then(|stat| throttled(&stat)).unwrap_or(0);
    Some(match quota {
        None if throttled == 0 => Symptom::good("none"),
        None => Symptom::good(format!("none; an earlier one stopped this group {throttled} times")),
        Some(cores) => {
            let found = format!("{cores:.1} cores, which have stopped this group {throttled} times so far");
            let remedy =
                "raise it (cpu.max, docker --cpus): a quota stops everything for tens of milliseconds";
            Symptom::bad(State::Warning, found, remedy)
        }
    })
}

/// The cores of a quota, if there is one; nothing where the folder does not tell.
fn quota(machine: &Machine, folder: &str) -> Option<Option<f64>> {
    if let Some(line) = machine.line(&format!("{folder}/cpu.max")) {
        let (quota, period) = line.split_once(' ')?;
        return if quota == "max" { Some(None) } else { cores(quota, period).map(Some) };
    }
    let quota = machine.line(&format!("{folder}/cpu.cfs_quota_us"))?;
    let period = machine.line(&format!("{folder}/cpu.cfs_period_us"))?;
    if quota == "-1" { Some(None) } else { cores(&quota, &period).map(Some) }
}

fn cores(quota: &str, period: &str) -> Option<f64> {
    let cores = quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?;
    cores.is_finite().then_some(cores)
}

fn throttled(stat: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix("nr_throttled "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::tests::seen;
    use super::*;

    #[test]
    fn a_quota_of_either_version_is_warned_of() {
        let group = ("/proc/self/cgroup", "0::/job\n");
        let stat = ("/sys/fs/cgroup/job/cpu.stat", "usage_usec 5\nnr_throttled 3\n");
        let max = |text| seen(look, &[group, stat, ("/sys/fs/cgroup/job/cpu.max", text)]);
        let (state, found) = max("150000 100000\n").unwrap();
        assert!(
            state == State::Warning && found.starts_with("1.5 cores, which have stopped this group 3 times")
        );
        assert_eq!(max("max 100000\n").unwrap().0, State::Good);
        assert_eq!(max("nonsense"), None);
        let old = [
            ("/proc/self/cgroup", "4:cpu,cpuacct:/job\n"),
            ("/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "50000\n"),
            ("/sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n"),
        ];
        assert!(seen(look, &old).unwrap().1.starts_with("0.5 cores"));
        assert_eq!(seen(look, &[group]), None, "the root of a machine without quotas has no such file");
    }
}
