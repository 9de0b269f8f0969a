use super::*;
use crate::engine::faults::{Listeners, Reshard};
use crate::invalidation::Disturb;
use crate::measure::Effect;

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
    fn add_nodes(&self, count: usize) -> Result<(), String> {
        self.say(&format!("add {count} to"), Victim::Cache)
    }
    fn remove(&self, victim: Victim) -> Result<(), String> {
        self.say("remove", victim)
    }
    fn fail_over(&self, victim: Victim) -> Result<(), String> {
        self.say("fail over", victim)
    }
    fn reshard(&self, slots: Reshard) -> Result<(), String> {
        self.say(&format!("move {} slots of", slots.slots), Victim::Node(slots.from))
    }
    fn set_network(&self, victim: Victim, condition: Condition) -> Result<(), String> {
        self.say(&format!("{condition:?} before"), victim)
    }
    fn disturb(&self, listeners: Listeners, what: Disturb, is_wrong: bool) -> Result<(), String> {
        self.say(&format!("{what:?} {is_wrong} for"), Victim::Events(listeners))
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
fn nodes_come_and_go_and_a_network_is_cut_for_as_long_as_it_says() {
    let condition = Condition::Partition;
    let faults = [
        at(10, Action::AddNodes(4), Victim::Cache),
        at(40, Action::Network { lasts: ms(10), condition }, Victim::Node(1)),
        at(70, Action::Remove, Victim::Node(0)),
    ];
    let (said, records) = carried_out(&faults, Some(ms(100)));
    let cut = ["Partition before cache node 1", "Clear before cache node 1"];
    assert_eq!(said, ["add 4 to cache", cut[0], cut[1], "remove cache node 0"]);
    let whats: Vec<_> = records.iter().map(|record| record.what.as_str()).collect();
    assert_eq!(whats, ["add 4 nodes to cache", "partition cache node 1", "remove cache node 0"]);
    let effects: Vec<_> = records.iter().map(|record| record.effect).collect();
    assert_eq!(effects, [Effect::Moved, Effect::None, Effect::Moved]);
    assert!(records.iter().all(|record| record.ended_s >= record.began_s && record.began_s.is_some()));
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
