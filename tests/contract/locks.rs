use std::sync::Arc;
use std::time::Duration;

use cachebench::measure::GuardEvent;
use cachebench::mitigation::{Parts, Stack};
use cachebench::model::{Failure, Outcome, Value};
use cachebench::registry::Choice;
use cachebench::store::Cache;
use cachebench::store::scripts::{Claimed, NewClaim, Token, claim};
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::slow::Slow;
use super::{Instance, World, aside, key, sum};

/// What the lock is called beside the entry.
const KIND: &str = "load-lock";

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

async fn world(guard: &str) -> World {
    let mitigation = serde_json::from_str(guard).unwrap();
    World { ttl: Some(Duration::from_secs(60)), mitigation, ..World::with_rows([1]).await }
}

/// Two instances whose loads take so long, and how many of them there were.
fn slow(world: &World, load: Duration) -> ([Instance; 2], Slow) {
    let slow = Slow::new(load);
    (slow.instances(world, &Choice::named("cache-aside")), slow)
}

async fn read_all(instances: &[Instance; 2], count: usize) -> Vec<Outcome> {
    join_all((0..count).map(|number| instances[number % 2].read(1))).await
}

fn is_row(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Read { value: Some(value), .. } if value.body == "seeded 1")
}

/// Takes the lock from outside, as a holder does that then dies.
async fn hold(world: &World, ttl: Duration) -> bool {
    let (key, token) = (key(1), Token(u64::MAX));
    let step = NewClaim { key: &key, kind: KIND, token, ttl, or_entry: false };
    claim(&world.cache, step).await.unwrap() == Claimed::Won
}

/// An entry of row 1 that stopped being fresh long ago.
async fn leave_stale(world: &World) {
    let stale = Value { expires_at_us: 1, ..world.row(1).await.unwrap() };
    world.cache.set(&key(1), stale.encode(), None).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn many_readers_over_two_instances_cost_one_load_where_they_wait() {
    for waiters in ["poll", "notify"] {
        let world = world(&format!(r#"{{"lock": {{"waiters": "{waiters}"}}}}"#)).await;
        let (instances, slow) = slow(&world, ms(100));
        let got = read_all(&instances, 40).await;
        assert!(got.iter().all(is_row), "{waiters}: {got:?}");
        assert_eq!(slow.loads(), 1, "{waiters}");
        assert_eq!((sum(&instances, GuardEvent::Acquired), sum(&instances, GuardEvent::Denied)), (1, 39));
        assert_eq!(sum(&instances, GuardEvent::Joined), 39, "{waiters}");
        // Who is told looks when it begins to wait, when the subscription stands, and when it is told.
        let polled = sum(&instances, GuardEvent::Polled);
        assert!(waiters == "poll" || polled <= 5 * 39, "{polled} looks");
    }
    // The control: those who do not wait load too.
    let world = world(r#"{"lock": {"waiters": "database"}}"#).await;
    let (instances, slow) = slow(&world, ms(100));
    read_all(&instances, 40).await;
    assert_eq!(slow.loads(), 40);
}

#[tokio::test(start_paused = true)]
async fn those_who_are_told_are_served_at_once() {
    let world = world(r#"{"lock": {"waiters": "notify"}}"#).await;
    let (instances, _) = slow(&world, ms(170));
    let began = Instant::now();
    assert!(read_all(&instances, 10).await.iter().all(is_row));
    // Without a message they would look after 50 and 150 ms, and then after 350.
    assert!(began.elapsed() < ms(200), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_dies_costs_the_rest_of_its_lock_and_one_more_load() {
    for waiters in ["poll", "notify"] {
        let text = format!(r#"{{"lock": {{"waiters": "{waiters}", "ttl": "1s", "wait": "5s"}}}}"#);
        let world = world(&text).await;
        let (instances, slow) = slow(&world, ms(20));
        let began = Instant::now();
        {
            let row = key(1);
            let dying = instances[0].strategy.read(&row);
            assert!(tokio::time::timeout(ms(5), dying).await.is_err());
        }
        instances[0].tasks.abort();
        let got = read_all(&instances, 20).await;
        assert!(got.iter().all(is_row), "{waiters}: {got:?}");
        let took = began.elapsed();
        // A look comes at most 50 ms after the lock is free, or the net, which has grown to 800 ms.
        let late = if waiters == "poll" { ms(120) } else { ms(900) };
        assert!(took >= ms(1_000) && took < ms(1_000) + late, "{waiters}: {took:?}");
        assert_eq!(slow.loads(), 2, "{waiters}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_holder_whose_caller_gives_up_loads_for_the_others() {
    let world = world(r#""lock""#).await;
    let (instances, slow) = slow(&world, ms(20));
    let row = key(1);
    assert!(tokio::time::timeout(ms(5), instances[0].strategy.read(&row)).await.is_err());
    assert!(read_all(&instances, 20).await.iter().all(is_row));
    assert_eq!(slow.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_outlasts_the_lock_is_begun_again_each_time_the_lock_runs_out() {
    let world = world(r#"{"lock": {"ttl": "500ms", "wait": "10s"}}"#).await;
    let (instances, slow) = slow(&world, ms(1_200));
    assert!(read_all(&instances, 20).await.iter().all(is_row));
    assert_eq!(slow.loads(), 3);
    assert!(sum(&instances, GuardEvent::LostLock) > 0);
}

#[tokio::test(start_paused = true)]
async fn nobody_gives_back_the_lock_of_another_but_by_plain_deletion() {
    for (release, freed) in [("compare-and-delete", false), ("delete", true)] {
        let world = world(&format!(r#"{{"lock": {{"ttl": "50ms", "release": "{release}"}}}}"#)).await;
        let (instances, _) = slow(&world, ms(100));
        let other = async {
            sleep(ms(60)).await;
            assert!(hold(&world, Duration::from_secs(9)).await, "the lock had run out");
        };
        tokio::join!(instances[0].read(1), other);
        assert_eq!(hold(&world, ms(1)).await, freed, "{release}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_look_under_the_lock_spares_a_load() {
    for (text, loads) in [(r#""lock""#, 1), (r#""article-lock""#, 2)] {
        let world = world(text).await;
        let (instances, slow) = slow(&world, ms(10));
        let key = key(1);
        // The one misses, and by the time it asks for the lock the other has loaded, filled and released.
        let stack: Stack = serde_json::from_str(text).unwrap();
        let parts = Parts { cache: Arc::new(world.cache.clone()), ..Parts::noop(None) };
        let guards = stack.build(&parts).unwrap();
        instances[1].read(1).await;
        let source = Arc::new(slow.over(Arc::new(world.database.clone())));
        let request = cachebench::mitigation::Request::missing(
            key,
            Some(cachebench::coherence::Claim::None),
            cachebench::model::Moment::now(),
        );
        guards.load(request, source).await;
        assert_eq!(slow.loads(), loads, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waited_in_vain_does_as_it_was_told() {
    for (then, kept, outcome) in [
        ("database", false, "row"),
        ("error", false, "shed"),
        ("stale", true, "stale"),
        ("stale", false, "row"),
    ] {
        let text = format!(r#"{{"lock": {{"wait": "100ms", "then": "{then}", "keep_stale": "9s"}}}}"#);
        let world = world(&text).await;
        let (instances, slow) = slow(&world, ms(10));
        assert!(hold(&world, Duration::from_secs(9)).await);
        if kept {
            leave_stale(&world).await;
        }
        let began = Instant::now();
        let got = instances[0].read(1).await;
        assert!(began.elapsed() >= ms(100), "{text}");
        let counts = instances[0].tally.counts();
        assert_eq!(counts.guard(GuardEvent::GaveUp), 1, "{text}");
        assert_eq!(slow.loads(), u64::from(outcome == "row"), "{text}");
        assert_eq!(counts.guard(GuardEvent::StaleServed), u64::from(outcome == "stale"), "{text}");
        assert_eq!(is_row(&got), outcome != "shed", "{text}");
        assert_eq!(got == Outcome::Failed(Failure::Shed), outcome == "shed", "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_past_its_freshness_is_served_at_once_to_those_without_the_lock() {
    let world = world(r#"{"lock": {"waiters": "stale", "keep_stale": "9s"}}"#).await;
    let (instances, slow) = slow(&world, ms(100));
    leave_stale(&world).await;
    let began = Instant::now();
    let (_, took) = tokio::join!(instances[0].read(1), async {
        sleep(ms(1)).await;
        assert!(is_row(&instances[1].read(1).await));
        began.elapsed()
    });
    assert!(took < ms(5), "{took:?}");
    assert_eq!((slow.loads(), sum(&instances, GuardEvent::StaleServed)), (1, 1));
    // The row is fresh again for everybody.
    instances[1].read(1).await;
    assert_eq!(slow.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_a_fresh_entry_are_not_served_the_old_one() {
    let world = world(r#"{"lock": {"keep_stale": "9s"}}"#).await;
    let (instances, slow) = slow(&world, ms(100));
    leave_stale(&world).await;
    assert!(read_all(&instances, 10).await.iter().all(is_row));
    assert_eq!((slow.loads(), sum(&instances, GuardEvent::StaleServed)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_lock_of_the_article_turns_away_whom_one_look_does_not_help() {
    for (load, served) in [(ms(20), 10), (ms(100), 1)] {
        let world = world(r#""article-lock""#).await;
        let (instances, slow) = slow(&world, load);
        let got = read_all(&instances, 10).await;
        assert_eq!(got.iter().filter(|outcome| is_row(outcome)).count(), served, "{got:?}");
        assert_eq!(sum(&instances, GuardEvent::Shed), 10 - served as u64);
        assert_eq!(slow.loads(), 1);
    }
}

#[test]
fn locks_refuse_what_does_not_go_with_them() {
    let parts = Parts::noop(Some(Duration::from_secs(1)));
    let build = |text: &str, parts: &Parts| serde_json::from_str::<Stack>(text).unwrap().build(parts);
    for text in [r#"{"lock": {"waiters": "stale"}}"#, r#"{"lock": {"then": "stale"}}"#] {
        let error = build(text, &parts).err().unwrap();
        assert!(error.to_string().contains("set keep_stale"), "{error}");
    }
    assert!(build(r#"{"lock": {"keep_stale": "1s"}}"#, &Parts::noop(None)).is_err());
    for guard in [r#""lock""#, r#""article-lock""#] {
        for (coherence, fits) in
            [("lease", false), ("populate-lock", false), ("delete", true), ("update", true)]
        {
            let guards = build(guard, &parts).unwrap();
            let checked = cachebench::strategy::check_guards(&aside(&format!("\"{coherence}\"")), guards);
            assert_eq!(checked.is_ok(), fits, "{guard} with {coherence}");
        }
    }
}

#[test]
fn two_guards_that_decide_who_loads_are_refused_in_either_order() {
    for text in [r#"["lock", "lease"]"#, r#"["lease", "lock"]"#, r#"["lock", "article-lock"]"#] {
        let stack: Stack = serde_json::from_str(text).unwrap();
        let refused = stack.build(&Parts::noop(None)).err().unwrap();
        assert!(refused.to_string().contains("both decide"), "{refused}");
    }
}
