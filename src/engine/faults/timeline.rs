use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use super::schedule::Occurrences;
use super::{Action, Fault, Hands, Victim, When};
use crate::measure::FaultRecord;

/// Of every so much time, a slow server stands still for its share.
const BEAT: Duration = Duration::from_millis(20);
/// How long to wait before an instance that could not connect tries again.
const PAUSE: Duration = Duration::from_millis(100);

/// Carries out faults while something is measured, on threads of its own, and records what really happened.
pub struct Timeline<'a> {
    faults: &'a [Fault],
    seed: u64,
    /// How long the measurement takes, if it is known: what is due then comes after the last operation.
    length: Option<Duration>,
    hands: &'a dyn Hands,
    state: Mutex<State>,
    /// Told when the measurement is over.
    over: Condvar,
}

#[derive(Default)]
struct State {
    records: Vec<(Victim, FaultRecord)>,
    /// What has happened since it was last asked for.
    news: Vec<FaultRecord>,
    over: Option<Over>,
}

/// The measurement has ended.
#[derive(Clone, Copy)]
struct Over {
    /// What was due until then is still to be done, if it came to its end in order.
    upto: Option<Duration>,
}

/// Ends the timeline even if the measurement panics: its threads are waited for.
struct EndOnDrop<'a, 'b>(&'a Timeline<'b>);

impl Drop for EndOnDrop<'_, '_> {
    fn drop(&mut self) {
        self.0.end(None);
    }
}

impl<'a> Timeline<'a> {
    pub fn new(faults: &'a [Fault], seed: u64, hands: &'a dyn Hands) -> Timeline<'a> {
        Timeline { faults, seed, length: None, hands, state: Mutex::default(), over: Condvar::new() }
    }

    /// For a measurement that takes so long.
    pub fn lasting(self, length: Option<Duration>) -> Timeline<'a> {
        Timeline { length, ..self }
    }

    /// Measures, and carries out what is due meanwhile. `lasted` says for how long, if to its end in order.
    ///
    /// On return nothing is paused, and what was killed for a time is up again; so are the database and the
    /// instances, which are still needed.
    pub fn during<T>(&self, measure: impl FnOnce() -> T, lasted: impl FnOnce(&T) -> Option<Duration>) -> T {
        if self.faults.is_empty() {
            return measure();
        }
        let start = Instant::now();
        let measured = thread::scope(|scope| {
            scope.spawn(move || self.run(scope, start));
            let _end = EndOnDrop(self);
            let measured = measure();
            self.end(lasted(&measured));
            measured
        });
        self.set_right(start);
        measured
    }

    /// What has begun or ended since the last call.
    pub fn news(&self) -> Vec<FaultRecord> {
        std::mem::take(&mut self.lock().news)
    }

    /// What happened, in the order in which it was due.
    pub fn records(self) -> Vec<FaultRecord> {
        let records = self.state.into_inner().unwrap_or_else(PoisonError::into_inner).records;
        let mut records: Vec<FaultRecord> = records.into_iter().map(|(_, record)| record).collect();
        records.sort_by(|one, other| one.at_s.total_cmp(&other.at_s));
        records
    }

    /// Each fault gets a thread of its own, so that one that takes its time does not put off the next.
    fn run<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, start: Instant) {
        let once = |index: &usize| matches!(self.faults[*index].when, When::At(_));
        let mut left: BTreeSet<usize> = (0..self.faults.len()).filter(once).collect();
        for (at, index) in Occurrences::new(self.faults, self.seed) {
            // Clients that wait for their last answer outlast the length by it.
            let over = match self.length.is_some_and(|length| at >= length) {
                true => Some(self.rest_until_over()),
                false => self.rest_until(start + at),
            };
            if let Some(over) = over
                && over.upto.is_none_or(|upto| at > upto)
            {
                break;
            }
            left.remove(&index);
            scope.spawn(move || self.carry_out(at, &self.faults[index], start));
        }
        for index in left {
            let fault = &self.faults[index];
            let problem = Some("the measurement ended before".into());
            let at_s = if let When::At(at) = fault.when { at.as_secs_f64() } else { 0.0 };
            let record = FaultRecord { what: fault.to_string(), at_s, problem, ..FaultRecord::default() };
            self.lock().records.push((fault.victim, record));
        }
    }

    fn carry_out(&self, at: Duration, fault: &Fault, start: Instant) {
        let record = FaultRecord {
            what: fault.to_string(),
            at_s: at.as_secs_f64(),
            began_s: Some(start.elapsed().as_secs_f64()),
            ..FaultRecord::default()
        };
        let place = {
            let mut state = self.lock();
            state.news.push(record.clone());
            state.records.push((fault.victim, record));
            state.records.len() - 1
        };
        let ended = self.act(fault);
        let mut state = self.lock();
        let (_, record) = &mut state.records[place];
        match ended {
            Ok(true) => record.ended_s = Some(start.elapsed().as_secs_f64()),
            Ok(false) => {}
            Err(problem) => record.problem = Some(problem),
        }
        let record = record.clone();
        if record.ended_s.is_some() || record.problem.is_some() {
            state.news.push(record);
        }
    }

    /// Does what a fault does; says whether that has an end, which has then come.
    fn act(&self, fault: &Fault) -> Result<bool, String> {
        let victim = fault.victim;
        match fault.action {
            Action::Kill { lasts } => {
                self.hands.kill(victim)?;
                if lasts.is_none() && !matches!(victim, Victim::Instance(_)) {
                    return Ok(false);
                }
                self.rest(lasts.unwrap_or_default());
                self.start(victim)
            }
            Action::Restart => {
                self.hands.kill(victim)?;
                self.start(victim)
            }
            Action::Pause { lasts } => {
                self.hands.pause(victim)?;
                self.rest(lasts);
                self.hands.resume(victim).map(|()| true)
            }
            Action::Flush => self.hands.flush(victim).map(|()| false),
            Action::Slow { lasts, share } => self.slow(victim, lasts, share),
            Action::ScaleOut { share } => self.hands.scale_out(victim, share).map(|()| true),
        }
    }

    /// An instance that cannot connect tries until it can, as a supervised process does; a server that does not start
    /// once does not start.
    fn start(&self, victim: Victim) -> Result<bool, String> {
        loop {
            match (self.hands.start(victim), victim) {
                (Err(_), Victim::Instance(_)) if self.rest(PAUSE).is_none() => {}
                // Set right in the end.
                (Err(_), Victim::Instance(_)) => return Ok(false),
                (started, _) => return started.map(|()| true),
            }
        }
    }

    fn slow(&self, victim: Victim, lasts: Duration, share: f64) -> Result<bool, String> {
        let end = Instant::now() + lasts;
        loop {
            self.hands.pause(victim)?;
            let mut over = self.rest(BEAT.mul_f64(share)).is_some();
            self.hands.resume(victim)?;
            over = over || self.rest(BEAT.mul_f64(1.0 - share)).is_some();
            if over || Instant::now() >= end {
                return Ok(true);
            }
        }
    }

    /// Starts again what is needed after the measurement.
    fn set_right(&self, start: Instant) {
        let mut victims: Vec<Victim> = Vec::new();
        for fault in self.faults.iter().filter(|fault| !victims.contains(&fault.victim)).collect::<Vec<_>>() {
            match fault.victim {
                // An instance cannot start without it.
                Victim::Database => victims.insert(0, fault.victim),
                Victim::Instance(_) if !victims.contains(&fault.victim) => victims.push(fault.victim),
                _ => {}
            }
        }
        for victim in victims {
            let started = self.hands.start(victim);
            let mut state = self.lock();
            let of_it = state.records.iter_mut().filter(|(whose, _)| *whose == victim);
            for (_, record) in
                of_it.filter(|(_, record)| record.began_s.is_some() && record.ended_s.is_none())
            {
                match &started {
                    Ok(()) if matches!(victim, Victim::Instance(_)) => {
                        record.ended_s = Some(start.elapsed().as_secs_f64());
                    }
                    Ok(()) => {}
                    Err(problem) => record.problem = Some(problem.clone()),
                }
            }
        }
    }

    fn end(&self, upto: Option<Duration>) {
        self.lock().over.get_or_insert(Over { upto });
        self.over.notify_all();
    }

    fn rest(&self, time: Duration) -> Option<Over> {
        self.rest_until(Instant::now() + time)
    }

    /// Returns when the time has come, or the measurement is over; then how.
    fn rest_until(&self, due: Instant) -> Option<Over> {
        let mut state = self.lock();
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if state.over.is_some() || left.is_zero() {
                return state.over;
            }
            state = self.over.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn rest_until_over(&self) -> Over {
        let mut state = self.lock();
        loop {
            if let Some(over) = state.over {
                return over;
            }
            state = self.over.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes down what is asked of it.
    #[derive(Default)]
    struct Scribe {
        said: Mutex<Vec<String>>,
        /// Whether instances cannot start.
        stuck: bool,
    }

    impl Scribe {
        fn say(&self, verb: &str, victim: Victim) -> Result<(), String> {
            self.said.lock().unwrap().push(format!("{verb} {victim}"));
            if self.stuck && verb == "start" { Err("no".into()) } else { Ok(()) }
        }

        fn said(&self) -> Vec<String> {
            self.said.lock().unwrap().clone()
        }
    }

    impl Hands for Scribe {
        fn kill(&self, victim: Victim) -> Result<(), String> {
            self.say("kill", victim)
        }
        fn start(&self, victim: Victim) -> Result<(), String> {
            self.say("start", victim)
        }
        fn pause(&self, victim: Victim) -> Result<(), String> {
            self.say("pause", victim)
        }
        fn resume(&self, victim: Victim) -> Result<(), String> {
            self.say("resume", victim)
        }
        fn flush(&self, victim: Victim) -> Result<(), String> {
            self.say("flush", victim)
        }
        fn scale_out(&self, victim: Victim, share: f64) -> Result<(), String> {
            self.say(&format!("move {share} of"), victim)
        }
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn at(when: u64, action: Action, victim: Victim) -> Fault {
        Fault { when: When::At(ms(when)), action, victim }
    }

    /// What is done and recorded over a measurement of 100 ms.
    fn carried_out(faults: &[Fault], lasted: Option<Duration>) -> (Vec<String>, Vec<FaultRecord>) {
        let hands = Scribe::default();
        let timeline = Timeline::new(faults, 1, &hands);
        timeline.during(|| thread::sleep(ms(100)), |()| lasted);
        assert!(!timeline.news().is_empty() || faults.iter().all(|fault| fault.when == When::At(ms(9_000))));
        (hands.said(), timeline.records())
    }

    #[test]
    fn what_is_due_is_done_and_undone() {
        let faults = [
            at(40, Action::Flush, Victim::Cache),
            at(10, Action::Kill { lasts: Some(ms(5)) }, Victim::Cache),
            at(70, Action::Restart, Victim::Cache),
        ];
        let (said, records) = carried_out(&faults, Some(ms(100)));
        assert_eq!(said, ["kill cache", "start cache", "flush cache", "kill cache", "start cache"]);
        let whats: Vec<_> = records.iter().map(|record| record.what.as_str()).collect();
        assert_eq!(whats, ["kill cache", "flush cache", "restart cache"]);
        assert!(records[0].began_s.unwrap() >= 0.01 && records[0].ended_s.unwrap() >= 0.015);
        assert_eq!(records[1].ended_s, None);
        assert!(records.iter().all(|record| record.problem.is_none()));
    }

    #[test]
    fn a_scale_out_lasts_as_long_as_it_takes() {
        let fault = [at(10, Action::ScaleOut { share: 0.25 }, Victim::Cache)];
        let (said, records) = carried_out(&fault, Some(ms(100)));
        assert_eq!(said, ["move 0.25 of cache"]);
        assert_eq!(records[0].what, "scale-out cache");
        assert!(records[0].ended_s >= records[0].began_s);
    }

    #[test]
    fn the_end_undoes_what_goes_on_and_starts_what_is_needed() {
        let faults = [
            at(10, Action::Pause { lasts: ms(60_000) }, Victim::Cache),
            at(20, Action::Kill { lasts: None }, Victim::Database),
            at(30, Action::Slow { lasts: ms(60_000), share: 0.5 }, Victim::Cache),
        ];
        let (said, records) = carried_out(&faults, None);
        let last = |verb: &str| said.iter().rposition(|said| said == verb).unwrap();
        assert!(last("resume cache") > last("pause cache"));
        assert_eq!(said.last().unwrap(), "start database");
        assert_eq!(records[1].ended_s, None, "it was down to the end");
        assert!(said.iter().filter(|said| *said == "pause cache").count() > 2, "a slow one stops often");
    }

    #[test]
    fn a_killed_cache_stays_dead() {
        let (said, _) = carried_out(&[at(10, Action::Kill { lasts: None }, Victim::Cache)], Some(ms(100)));
        assert_eq!(said, ["kill cache"]);
    }

    #[test]
    fn the_very_end_counts_and_what_is_beyond_it_does_not() {
        let end = [at(9_000, Action::Kill { lasts: None }, Victim::Cache)];
        assert_eq!(carried_out(&end, Some(ms(9_000))).0, ["kill cache"]);
        for lasted in [Some(ms(8_999)), None] {
            let (said, records) = carried_out(&end, lasted);
            assert!(said.is_empty());
            assert_eq!((records[0].began_s, records[0].problem.is_some()), (None, true));
        }
    }

    #[test]
    fn what_is_due_at_the_end_waits_for_the_last_operation() {
        let fault = [at(10, Action::Kill { lasts: None }, Victim::Cache)];
        for (length, said) in [(None, 1), (Some(ms(11)), 1), (Some(ms(10)), 0)] {
            let hands = Scribe::default();
            let timeline = Timeline::new(&fault, 1, &hands).lasting(length);
            let measure = || {
                thread::sleep(ms(100));
                hands.said().len()
            };
            assert_eq!(timeline.during(measure, |_| Some(ms(10))), said, "{length:?}");
            assert_eq!(hands.said(), ["kill cache"]);
        }
    }

    #[test]
    fn an_instance_tries_to_start_until_the_end_and_once_more_and_then_says_why_not() {
        let hands = Scribe { stuck: true, ..Scribe::default() };
        let faults = [at(0, Action::Kill { lasts: None }, Victim::Instance(1))];
        let timeline = Timeline::new(&faults, 1, &hands);
        timeline.during(|| thread::sleep(ms(50)), |()| Some(ms(50)));
        assert_eq!(hands.said(), ["kill instance 1", "start instance 1", "start instance 1"]);
        assert_eq!(timeline.records()[0].problem.as_deref(), Some("no"));
    }

    #[test]
    fn a_measurement_that_panics_takes_the_timeline_along() {
        let hands = Scribe::default();
        let faults = [at(0, Action::Pause { lasts: ms(60_000) }, Victim::Cache)];
        let timeline = Timeline::new(&faults, 1, &hands);
        let measure = || timeline.during(|| panic!("on purpose"), |()| None);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(measure)).is_err());
        assert!(hands.said().len() % 2 == 0, "whatever was paused goes on");
    }
}
