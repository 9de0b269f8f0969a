use super::{Machine, State, Symptom};

/// Of the time since the machine started, or of a look, the hypervisor may take so much.
const MUCH: f64 = 0.02;
/// A look of fewer ticks tells no share.
const LEAST_TICKS: f64 = 50.0;

/// Processor time that the hypervisor gives to others (proc(5)).
pub fn look(machine: &Machine) -> Option<Symptom> {
    let [before, after] = &machine.stat;
    let after = ticks(after.as_deref()?)?;
    let before = before.as_deref().and_then(ticks).unwrap_or((0.0, 0.0));
    let (all, stolen) = (after.0 - before.0, after.1 - before.1);
    let share = |stolen: f64, all: f64| if all > 0.0 { stolen / all } else { 0.0 };
    let (now, ever) = (share(stolen, all), share(after.1, after.0));
    let remedy =
        "use a quieter machine, or one with cores of its own: runs that lose more than 5 % are invalid";
    Some(if all >= LEAST_TICKS && now > MUCH {
        Symptom::bad(State::Warning, format!("{:.0} % right now", now * 100.0), remedy)
    } else if ever > MUCH {
        Symptom::bad(State::Note, format!("{:.0} % since the machine started", ever * 100.0), remedy)
    } else {
        Symptom::good("none to speak of")
    })
}

/// All ticks of the first line, and those that were stolen.
fn ticks(stat: &str) -> Option<(f64, f64)> {
    let counted = counted_ticks(stat)?;
    Some((counted.iter().sum(), counted[7]))
}

/// The first eight numbers of the first line of /proc/stat (proc(5)); the two behind them are part of the first two.
pub(super) fn counted_ticks(stat: &str) -> Option<[f64; 8]> {
    let numbers = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    let numbers: Vec<f64> = numbers.map_while(|it| it.parse().ok()).collect();
    numbers.first_chunk::<8>().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(before: &str, after: &str) -> Option<State> {
        let stat = [before, after].map(|text| Some(text.to_owned()));
        look(&Machine { stat, ..Machine::of(&[]) }).map(|it| it.state)
    }

    #[test]
    fn what_is_stolen_now_is_warned_of_and_what_was_is_noted() {
        let quiet = "cpu  100 0 100 9800 0 0 0 0 0 0\n";
        assert_eq!(state(quiet, "cpu  100 0 100 9900 0 0 0 0 0 0\n"), Some(State::Good));
        assert_eq!(state(quiet, "cpu  100 0 100 9890 0 0 0 10 0 0\n"), Some(State::Warning));
        assert_eq!(
            state(quiet, "cpu  100 0 100 9801 0 0 0 1 0 0\n"),
            Some(State::Good),
            "two ticks are too few"
        );
        let robbed = "cpu  100 0 100 8800 0 0 0 1000 0 0\n";
        assert_eq!(state(robbed, "cpu  100 0 100 8900 0 0 0 1000 0 0\n"), Some(State::Note));
        assert_eq!(state(quiet, "nonsense"), None);
        assert_eq!(look(&Machine::of(&[])), None);
    }
}
