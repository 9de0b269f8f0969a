use std::time::Duration;

use cachebench::model::{Outcome, Served};

use super::coherence::{race, world_at_50};
use super::{World, aside, key, poll, write};

/// A lock or a lease that is over is no longer its holder's, who is refused; a writer does not wait for ever.
#[tokio::test(start_paused = true)]
async fn a_fill_that_outlasts_its_claim_is_refused() {
    for text in [r#"{"lease": {"ttl": "100ms"}}"#, r#"{"populate-lock": {"ttl": "100ms"}}"#] {
        let world = World { fill_delay: Some(Duration::from_millis(300)), ..world_at_50().await };
        let instances = [0, 1].map(|number| world.instance(number, &aside(text)));
        race(&instances, false).await;
        assert_eq!(instances[0].tally.counts().rejected_sets, 1, "{text}");
        assert_eq!(instances[1].body(1).await, Some("75".into()), "{text}");
    }
}

/// The residual of the lock: a writer that waited in vain writes all the same.
#[tokio::test(start_paused = true)]
async fn a_writer_that_waits_for_the_lock_in_vain_leaves_the_race_open() {
    for (wait, body) in [("500ms", "75"), ("50ms", "50")] {
        let world = World { fill_delay: Some(Duration::from_millis(200)), ..world_at_50().await };
        let text = format!(r#"{{"populate-lock": {{"wait": "{wait}"}}}}"#);
        let instances = [0, 1].map(|number| world.instance(number, &aside(&text)));
        let (row, to_75) = (key(1), write(1, "75"));
        let (_, written) = tokio::join!(instances[0].read(1), instances[1].strategy.write(&to_75));
        assert!(matches!(written, Outcome::Written { .. }));
        let Outcome::Read { value: Some(value), .. } = instances[1].strategy.read(&row).await else {
            panic!()
        };
        assert_eq!(value.body, body, "{wait}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_misses_while_another_has_the_lease_loads_and_does_not_fill() {
    let world = World { fill_delay: Some(Duration::from_millis(5)), ..world_at_50().await };
    let instances = [0, 1].map(|number| world.instance(number, &aside(r#""lease""#)));
    let (one, other) = tokio::join!(instances[0].body(1), instances[1].body(1));
    assert_eq!((one, other), (Some("50".into()), Some("50".into())));
    let counts = instances.each_ref().map(|instance| instance.tally.counts());
    assert_eq!((counts[0].fills, counts[0].denied_fills), (1, 0));
    assert_eq!((counts[1].fills, counts[1].denied_fills), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn who_misses_while_another_has_the_lock_waits_for_the_entry() {
    let world = World { fill_delay: Some(Duration::from_millis(5)), ..world_at_50().await };
    let instances = [0, 1].map(|number| world.instance(number, &aside(r#""populate-lock""#)));
    let (_, other) = tokio::join!(instances[0].read(1), instances[1].read(1));
    assert!(matches!(other, Outcome::Read { served: Served::Hit, .. }), "{other:?}");
    assert_eq!(instances[1].tally.counts().queries(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_holder_was_dropped_ends_with_its_ttl() {
    for (text, seconds) in [(r#""lease""#, 10), (r#""populate-lock""#, 5)] {
        let world = world_at_50().await;
        let instance = world.instance(0, &aside(text));
        let row = key(1);
        let mut reading = instance.strategy.read(&row);
        assert!(poll(&mut reading).await.is_pending());
        drop(reading);
        assert_eq!(instance.body(1).await, Some("50".into()), "{text}");
        assert_eq!(world.entry(1).await, None, "{text}: nobody else fills");
        tokio::time::advance(Duration::from_secs(seconds)).await;
        instance.body(1).await;
        assert!(world.entry(1).await.is_some(), "{text}");
    }
}
