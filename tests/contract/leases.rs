use std::time::Duration;

use cachebench::measure::GuardEvent;
use cachebench::mitigation::{Parts, Stack};
use cachebench::registry::Choice;
use futures_util::future::join_all;
use tokio::time::sleep;

use super::coherence::world_at_50;
use super::slow::Slow;
use super::{Instance, World, aside, sum, write};

const LOAD: Duration = Duration::from_millis(20);

async fn scene(options: &str) -> (World, [Instance; 2], Slow) {
    let mitigation = serde_json::from_str(&format!(r#"{{"lease": {options}}}"#)).unwrap();
    let world = World { mitigation, ..World::with_rows([1]).await };
    let slow = Slow::new(LOAD);
    let instances = slow.instances(&world, &Choice::named("cache-aside"));
    (world, instances, slow)
}

#[tokio::test(start_paused = true)]
async fn many_readers_who_miss_cost_one_load() {
    let (_, instances, slow) = scene("{}").await;
    let bodies = join_all((0..40).map(|number| instances[number % 2].body(1))).await;
    assert!(bodies.iter().all(|body| *body == Some("seeded 1".into())));
    assert_eq!((slow.loads(), sum(&instances, GuardEvent::Joined)), (1, 39));
}

#[tokio::test(start_paused = true)]
async fn a_fill_that_comes_after_the_row_was_written_is_refused() {
    for mode in ["fb", "per-invalidation"] {
        let mitigation = serde_json::from_str(&format!(r#"{{"lease": {{"mode": "{mode}"}}}}"#)).unwrap();
        let world = World { mitigation, fill_delay: Some(LOAD), ..world_at_50().await };
        let instances = [0, 1].map(|number| world.instance(number, &Choice::named("cache-aside")));
        let overtaking = async {
            sleep(LOAD / 2).await;
            instances[1].version(&write(1, "75")).await
        };
        assert_eq!(tokio::join!(instances[0].body(1), overtaking), (Some("50".into()), Some(2)));
        let counts = instances[0].tally.counts();
        assert_eq!((counts.fills, counts.rejected_sets), (0, 1), "{mode}");
        assert_eq!(instances[1].body(1).await, Some("75".into()), "{mode}");
    }
}

/// Writes and reads every 100 ms for 3 s; answers the loads of that.
async fn loads_of_writes(options: &str) -> (u64, u64) {
    let (_, instances, slow) = scene(options).await;
    instances[0].body(1).await;
    let before = slow.loads();
    for turn in 0..30 {
        instances[0].version(&write(1, &format!("turn {turn}"))).await;
        instances[1].body(1).await;
        sleep(Duration::from_millis(100) - LOAD).await;
    }
    (slow.loads() - before, sum(&instances, GuardEvent::StaleServed))
}

#[tokio::test(start_paused = true)]
async fn a_throttle_of_its_own_time_holds_loads_to_one_in_that_time_and_one_that_writes_end_to_one_for_each()
{
    let fb = loads_of_writes(r#"{"mode": "fb", "throttle": "1s", "keep_stale": "60s"}"#).await;
    assert!((2..=3).contains(&fb.0) && fb.1 >= 26, "{fb:?}");
    let each = loads_of_writes(r#"{"keep_stale": "60s"}"#).await;
    assert_eq!(each, (30, 0));
}

#[tokio::test(start_paused = true)]
async fn who_waited_for_the_throttle_in_vain_loads_and_does_not_fill() {
    let (world, instances, slow) = scene(r#"{"mode": "fb"}"#).await;
    instances[0].body(1).await;
    instances[0].version(&write(1, "new")).await;
    assert_eq!(instances[1].body(1).await, Some("new".into()));
    assert_eq!((slow.loads(), sum(&instances, GuardEvent::GaveUp)), (2, 1));
    assert_eq!(world.entry(1).await, None);
    assert_eq!(instances[1].tally.counts().denied_fills, 1);
}

#[test]
fn a_lease_goes_only_with_writes_that_delete() {
    for (coherence, fits) in [("delete", true), ("lease", true), ("update", false), ("double-delete", false)]
    {
        let stack: Stack = serde_json::from_str("\"lease\"").unwrap();
        let guards = stack.build(&Parts::noop(None)).unwrap();
        let checked = cachebench::strategy::check_guards(&aside(&format!("\"{coherence}\"")), guards);
        assert_eq!(checked.is_ok(), fits, "{coherence}");
    }
}
