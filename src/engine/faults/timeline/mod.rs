#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use super::schedule::Occurrences;
use super::{Action, Fault, Hands, Victim, When};
use crate::measure::FaultRecord;
use crate::servers::Condition;

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
    ended: Condvar,
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
        Timeline { faults, seed, length: None, hands, state: Mutex::default(), ended: Condvar::new() }
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
                true => self.rest_until_over(),
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
            let what = fault.to_string();
            let record = FaultRecord { what, at_s, problem, ..FaultRecord::default() };
            self.lock().records.push((fault.victim, record));
        }
    }

    fn carry_out(&self, at: Duration, fault: &Fault, start: Instant) {
        let record = FaultRecord {
            what: fault.to_string(),
            at_s: at.as_secs_f64(),
            began_s: Some(start.elapsed().as_secs_f64()),
            effect: fault.effect(),
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
            Action::AddNodes(count) => self.hands.add_nodes(count).map(|()| true),
            Action::Remove => self.hands.remove(victim).map(|()| true),
            Action::Failover => self.hands.fail_over(victim).map(|()| true),
            Action::Reshard(slots) => self.hands.reshard(slots).map(|()| true),
            Action::Network { lasts, condition } => {
                self.hands.set_network(victim, condition)?;
                self.rest(lasts);
                self.hands.set_network(victim, Condition::Clear).map(|()| true)
            }
            Action::Disturb { lasts, what } => {
                let Victim::Events(listeners) = victim else {
                    return Err("only events are disturbed".into());
                };
                self.hands.disturb(listeners, what, true)?;
                match lasts {
                    Some(lasts) => drop(self.rest(lasts)),
                    None => drop(self.rest_until_over()),
                }
                self.hands.disturb(listeners, what, false).map(|()| true)
            }
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
        let mut needed: Vec<Victim> = Vec::new();
        for victim in self.faults.iter().map(|fault| fault.victim) {
            if matches!(victim, Victim::Database | Victim::Instance(_)) && !needed.contains(&victim) {
                needed.push(victim);
            }
        }
        // The database first: an instance cannot start without it.
        needed.sort_by_key(|victim| *victim != Victim::Database);
        for victim in needed {
            let started = self.hands.start(victim);
            let mut state = self.lock();
            let is_open = |record: &FaultRecord| record.began_s.is_some() && record.ended_s.is_none();
            let of_it =
                state.records.iter_mut().filter(|(whose, record)| *whose == victim && is_open(record));
            for (_, record) in of_it {
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
        self.ended.notify_all();
    }

    fn rest(&self, time: Duration) -> Option<Over> {
        self.rest_until(Instant::now() + time)
    }

    /// Returns when the time has come, or the measurement is over; then how.
    fn rest_until(&self, due: Instant) -> Option<Over> {
        let left = due.saturating_duration_since(Instant::now());
        let waited = self.ended.wait_timeout_while(self.lock(), left, |state| state.over.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.over
    }

    /// Returns when the measurement is over; then how.
    fn rest_until_over(&self) -> Option<Over> {
        let waited = self.ended.wait_while(self.lock(), |state| state.over.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).over
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
