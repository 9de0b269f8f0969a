use super::{Machine, State, Symptom};

/// Whether the kernel lets a Redis fork that has much memory, as for a snapshot.
pub fn look(machine: &Machine) -> Option<Symptom> {
    let found = machine.line("/proc/sys/vm/overcommit_memory")?;
    let remedy = "a Redis that saves may fail to fork when memory is short: sysctl vm.overcommit_memory=1";
    Some(match found.as_str() {
        "1" => Symptom::good("always (1)"),
        "0" => Symptom::bad(State::Note, "by a guess (0)", remedy),
        "2" => Symptom::bad(State::Warning, "never (2)", remedy),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::seen;
    use super::*;

    #[test]
    fn a_kernel_that_never_overcommits_is_warned_of() {
        let state = |text| seen(look, &[("/proc/sys/vm/overcommit_memory", text)]).map(|it| it.0);
        assert_eq!(["0\n", "1\n", "2\n"].map(state), [State::Note, State::Good, State::Warning].map(Some));
        assert_eq!(state("x"), None);
    }
}
