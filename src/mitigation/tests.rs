//! What the tests of the guards share.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::measure::Cause;
use crate::model::{Failure, Moment};
use crate::registry::Choice;

/// A guard given as in a workload.
pub fn build(text: &str, ttl: Option<Duration>) -> Arc<dyn Mitigation> {
    let choice: Choice = serde_json::from_str(text).unwrap();
    Arc::from(choice.build(MITIGATIONS, Parts::noop(ttl)).unwrap())
}

/// Guards given as in a workload.
pub fn stack(text: &str, ttl: Option<Duration>) -> Guards {
    serde_json::from_str::<Stack>(text).unwrap().build(&Parts::noop(ttl)).unwrap()
}

/// Why guards are refused.
pub fn refused(text: &str, ttl: Option<Duration>) -> String {
    let built = serde_json::from_str::<Stack>(text).unwrap().build(&Parts::noop(ttl));
    built.err().unwrap_or_else(|| panic!("{text} was not refused")).to_string()
}

pub fn key() -> Key {
    Key::new("m:", 1)
}

/// An entry as found at [`NOW_US`], fresh for so long, whose load took `cost_us`.
pub fn entry(fresh_us: i64, cost_us: u32) -> Value {
    let expires_at_us = NOW_US.checked_add_signed(fresh_us).unwrap();
    Value { version: 1, load_cost_us: cost_us, expires_at_us, ..Value::default() }
}

/// What a guard says to an entry that is fresh for so long.
pub fn hit(guard: &dyn Mitigation, fresh_us: i64, cost_us: u32) -> Option<Wish> {
    guard.on_hit(&Hit { key: &key(), value: &entry(fresh_us, cost_us), now_us: NOW_US })
}

const NOW_US: u64 = 1_700_000_000_000_000;

/// A request for an entry that was found, fresh for so long.
pub fn found(cause: Cause) -> Request {
    Request::found(key(), Value { version: 1, ..Value::default() }, cause, Moment::now())
}

pub fn missing() -> Request {
    Request::missing(key(), None, Moment::now())
}

/// A source that takes a second for each load, and then answers what it is told to, a row when there is no more.
#[derive(Default)]
pub struct Slow {
    pub answers: Mutex<VecDeque<Loaded>>,
    /// What was asked of it.
    pub asked: Mutex<Vec<Request>>,
}

impl Slow {
    pub fn answering(answers: impl IntoIterator<Item = Loaded>) -> Arc<Slow> {
        Arc::new(Slow { answers: Mutex::new(answers.into_iter().collect()), ..Slow::default() })
    }

    pub fn loads(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

pub const LOAD: Duration = Duration::from_secs(1);

/// The row as the source has it.
pub fn row() -> Loaded {
    Loaded::Row(Some(Value { version: 2, ..Value::default() }))
}

impl Source for Slow {
    fn load(self: Arc<Self>, request: Request) -> BoxFuture<'static, Loaded> {
        self.asked.lock().unwrap().push(request);
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move {
            tokio::time::sleep(LOAD).await;
            answer.unwrap_or_else(row)
        })
    }
}

pub fn failed() -> Loaded {
    Loaded::Failed(Failure::Unavailable)
}

#[test]
fn a_guard_that_says_nothing_lets_the_next_one_speak() {
    let ttl = Some(Duration::from_secs(60));
    let now = crate::model::unix_us();
    let soon = Value { expires_at_us: now + 1_000_000, ..Value::default() };
    let past = Value { expires_at_us: now - 1_000_000, load_cost_us: 1_000, ..Value::default() };
    for text in [
        r#"["single-flight", "xfetch", "threshold", "stale-while-revalidate"]"#,
        r#"["stale-while-revalidate", "refresh-ahead", "xfetch", "threshold"]"#,
    ] {
        let guards = stack(text, ttl);
        // No load cost: nothing for xfetch to go by. It is one reader: nothing hot for refresh-ahead.
        let (wish, cause) = guards.on_hit(&key(), &soon);
        assert!(matches!(wish, Wish::Load) && matches!(cause, Cause::Early { .. }), "{text}");
        let (wish, cause) = guards.on_hit(&key(), &past);
        assert!(matches!(wish, Wish::Behind(_)) && cause == Cause::Expired, "{text}");
    }
}

#[test]
fn an_entry_without_a_time_is_served() {
    let guards = stack(r#"["xfetch", "threshold", "stale-while-revalidate", "refresh-ahead"]"#, Some(LOAD));
    let unstamped = Value { load_cost_us: u32::MAX, ..Value::default() };
    assert!((0..100).all(|_| matches!(guards.on_hit(&key(), &unstamped).0, Wish::Serve)));
}
