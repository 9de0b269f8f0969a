use super::{Machine, State, Symptom};

/// Transparent huge pages, of which Redis warns: after a fork, each write then copies two megabytes.
pub fn look(machine: &Machine) -> Option<Symptom> {
    let line = machine.line("/sys/kernel/mm/transparent_hugepage/enabled")?;
    let (_, chosen) = line.split_once('[')?;
    let (chosen, _) = chosen.split_once(']')?;
    Some(match chosen {
        "always" => {
            let remedy = "Redis turns them off for itself from 6.2 on; else echo madvise into \
                          /sys/kernel/mm/transparent_hugepage/enabled";
            Symptom::bad(State::Note, "always", remedy)
        }
        other => Symptom::good(other),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::seen;
    use super::*;

    #[test]
    fn huge_pages_for_all_are_noted() {
        let state =
            |text| seen(look, &[("/sys/kernel/mm/transparent_hugepage/enabled", text)]).map(|it| it.0);
        assert_eq!(state("[always] madvise never\n"), Some(State::Note));
        assert_eq!(state("always [madvise] never\n"), Some(State::Good));
        assert_eq!(state("nonsense"), None);
    }
}
