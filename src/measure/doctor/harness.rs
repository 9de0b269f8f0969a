use super::{Machine, State, Symptom};

/// How cachebench itself was built.
pub fn look(_: &Machine) -> Option<Symptom> {
    Some(if cfg!(debug_assertions) {
        let remedy = "build it with --release: the harness' own cost is part of every latency";
        Symptom::bad(State::Spoils, "a debug build", remedy)
    } else {
        Symptom::good("a release build")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debug_build_spoils() {
        let state = look(&Machine::of(&[])).map(|it| it.state);
        assert_eq!(state == Some(State::Spoils), cfg!(debug_assertions));
    }
}
