use super::steal::counted_ticks;
use std::collections::BTreeMap;

use super::{Machine, State, Symptom};

/// Others may use so much of the processor time.
const MUCH: f64 = 0.1;
/// A look of fewer ticks tells no share.
const LEAST_TICKS: f64 = 50.0;
/// So many processes are named.
const NAMED: usize = 3;

/// What else uses the processor: during the look where that was long enough, else by the load of the last minute.
pub fn look(machine: &Machine) -> Option<Symptom> {
    let [before, after] = &machine.stat;
    let looked = before.as_deref().and_then(ticks).zip(after.as_deref().and_then(ticks));
    let share = looked.and_then(|(before, after)| {
        let all = after.0 - before.0;
        (all >= LEAST_TICKS).then(|| (after.1 - before.1) / all)
    });
    if let Some(share) = share {
        let found = format!("{:.0} % of the processor time{}", share * 100.0, busiest(machine));
        return Some(match share {
            much if much > MUCH => Symptom::bad(State::Warning, found, "end what else is running here"),
            _ => Symptom::good(found),
        });
    }
    let load: f64 = machine.line("/proc/loadavg")?.split_whitespace().next()?.parse().ok()?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let found = format!("a load of {load:.1} over the last minute, on {cores} cores");
    Some(match load / cores as f64 {
        much if much > 1.0 => Symptom::bad(State::Note, found, "see that nothing else is running here"),
        _ => Symptom::good(found),
    })
}

/// The programs that used most, those that used next to nothing left out.
fn busiest(machine: &Machine) -> String {
    let mut used = BTreeMap::<&str, u64>::new();
    for (name, ticks) in &machine.processes {
        *used.entry(name).or_default() += ticks;
    }
    let mut all: Vec<_> = used.into_iter().filter(|(_, ticks)| *ticks > 1).collect();
    all.sort_by_key(|(_, ticks)| std::cmp::Reverse(*ticks));
    let names: Vec<&str> = all.iter().take(NAMED).map(|(name, _)| *name).collect();
    if names.is_empty() { String::new() } else { format!(", by {}", names.join(", ")) }
}

/// All ticks of the first line of /proc/stat, and those that somebody used (proc(5)): not idle, waiting or stolen.
fn ticks(stat: &str) -> Option<(f64, f64)> {
    let counted = counted_ticks(stat)?;
    let all: f64 = counted.iter().sum();
    Some((all, all - counted[3] - counted[4] - counted[7]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_told_by_a_look_and_named() {
        let stat = [
            Some("cpu  100 0 100 9800 0 0 0 0 0 0\n".into()),
            Some("cpu  140 0 110 9850 0 0 0 0 0 0\n".into()),
        ];
        let processes = vec![("idle".into(), 0), ("make".into(), 9), ("cc1".into(), 6), ("cc1".into(), 6)];
        let found = look(&Machine { stat, processes, ..Machine::of(&[]) }).unwrap();
        assert_eq!(
            (found.state, found.found.as_str()),
            (State::Warning, "50 % of the processor time, by cc1, make")
        );
        let idle = [0, 99].map(|more| Some(format!("cpu  100 0 100 {} 0 0 0 0 0 0\n", 9_800 + more)));
        assert_eq!(look(&Machine { stat: idle, ..Machine::of(&[]) }).unwrap().state, State::Good);
    }

    #[test]
    fn without_a_look_the_load_is_noted() {
        let state = |load: &str| look(&Machine::of(&[("/proc/loadavg", load)])).map(|it| it.state);
        assert_eq!(state("0.01 0.5 0.5 1/100 5\n"), Some(State::Good));
        assert_eq!(state("9000.00 0.5 0.5 1/100 5\n"), Some(State::Note));
        assert_eq!(state("x"), None);
    }
}
