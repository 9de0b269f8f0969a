use super::{Machine, State, Symptom};

/// What the harness itself opens beside its connections, with some room.
const OWN: u64 = 200;

/// The open files that this process may have, against those that a workload takes.
pub fn look(machine: &Machine) -> Option<Symptom> {
    let limit = machine.file_limit?;
    let needed = machine.files_needed.unwrap_or(0) + OWN;
    let found = if limit > 1 << 40 { "no limit".to_owned() } else { format!("at most {limit}") };
    Some(if limit < needed {
        let found = format!("{found}, and about {needed} are needed");
        Symptom::bad(State::Spoils, found, format!("ulimit -n {}", needed.next_power_of_two()))
    } else {
        Symptom::good(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_files_for_a_workload_spoil_it() {
        let found = |limit, needed| {
            look(&Machine { file_limit: Some(limit), files_needed: needed, ..Machine::of(&[]) }).unwrap()
        };
        assert_eq!(found(1_024, None).state, State::Good);
        assert_eq!(found(1_024, Some(500)).state, State::Good);
        let short = found(1_024, Some(2_000));
        assert_eq!((short.state, short.remedy.as_deref()), (State::Spoils, Some("ulimit -n 4096")));
        assert_eq!(found(u64::MAX, None).found, "no limit");
    }
}
