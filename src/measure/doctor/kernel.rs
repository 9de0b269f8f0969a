use super::{Machine, State, Symptom};

/// The kernel, and whether there is anything between it and the machine.
pub fn look(machine: &Machine) -> Option<Symptom> {
    let release = machine.line("/proc/sys/kernel/osrelease")?;
    let is_virtual = machine.read("/proc/cpuinfo").is_some_and(|text| has_hypervisor(&text));
    let is_contained = ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| machine.read(mark).is_some());
    let around: Vec<&str> = [(is_virtual, "a virtual machine"), (is_contained, "a container")]
        .iter()
        .filter(|it| it.0)
        .map(|it| it.1)
        .collect();
    Some(if around.is_empty() {
        Symptom::good(release)
    } else {
        let remedy = "neighbours are not seen from here: compare runs of one job with each other, not with those of others";
        Symptom::bad(State::Note, format!("{release}, in {}", around.join(" and ")), remedy)
    })
}

fn has_hypervisor(cpuinfo: &str) -> bool {
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags"));
    flags.is_some_and(|line| line.split_whitespace().any(|flag| flag == "hypervisor"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::seen;
    use super::*;

    #[test]
    fn what_lies_between_is_noted() {
        let release = ("/proc/sys/kernel/osrelease", "6.1.0\n");
        assert_eq!(seen(look, &[release]), Some((State::Good, "6.1.0".into())));
        let inside = [release, ("/proc/cpuinfo", "flags\t: fpu hypervisor\n"), ("/.dockerenv", "")];
        let (state, words) = seen(look, &inside).unwrap();
        assert!(
            state == State::Note && words.starts_with("6.1.0, in a virtual machine and a container"),
            "{words}"
        );
        assert_eq!(seen(look, &[("/proc/cpuinfo", "flags: hypervisor")]), None);
    }
}
