use std::sync::Arc;
use std::time::Duration;

use cachebench::model::{Lifetimes, Outcome, Served};
use cachebench::strategy::STRATEGIES;

use super::{Instance, World, choice, conduct, rest, variants, write};

const TTL: Duration = Duration::from_secs(10);

async fn served(instance: &Instance, id: u64) -> Served {
    match instance.read(id).await {
        Outcome::Read { served, .. } => served,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_lives_as_long_as_its_ttl() {
    for choice in variants().iter().filter(|choice| conduct(choice).caches) {
        let world = World { ttl: Some(TTL), ..World::with_rows([1]).await };
        let instance = world.instance(0, choice);
        assert_eq!(served(&instance, 1).await, Served::Miss, "{}", choice.label());
        rest().await;
        tokio::time::advance(TTL - Duration::from_millis(5)).await;
        assert_eq!(served(&instance, 1).await, Served::Hit, "{}", choice.label());
        tokio::time::advance(Duration::from_millis(5)).await;
        assert_eq!(served(&instance, 1).await, Served::Miss, "{}", choice.label());
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_ttl_an_entry_stays() {
    for choice in variants().iter().filter(|choice| conduct(choice).caches) {
        let world = World::with_rows([1]).await;
        let instance = world.instance(0, choice);
        served(&instance, 1).await;
        rest().await;
        tokio::time::advance(1_000 * TTL).await;
        assert_eq!(served(&instance, 1).await, Served::Hit, "{}", choice.label());
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_starts_the_ttl_anew() {
    for text in [
        r#"{"cache-aside": {"coherence": "update"}}"#,
        r#"{"read-through": {"coherence": "update"}}"#,
        r#""write-through""#,
        r#"{"write-through": {"order": "cache-first"}}"#,
    ] {
        let world = World { ttl: Some(TTL), ..World::with_rows([1]).await };
        let instance = world.instance(0, &choice(text));
        served(&instance, 1).await;
        tokio::time::advance(TTL * 3 / 4).await;
        instance.version(&write(1, "new")).await;
        tokio::time::advance(TTL * 3 / 4).await;
        assert_eq!(served(&instance, 1).await, Served::Hit, "{text}");
        tokio::time::advance(TTL / 4).await;
        assert_eq!(served(&instance, 1).await, Served::Miss, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_row_is_served_no_longer_than_its_ttl() {
    for text in [r#""write-around""#, r#"{"read-through": {"coherence": "keep"}}"#] {
        let world = World { ttl: Some(TTL), ..World::with_rows([1]).await };
        let instance = world.instance(0, &choice(text));
        served(&instance, 1).await;
        instance.version(&write(1, "new")).await;
        assert_eq!(instance.body(1).await, Some("seeded 1".into()), "{text}");
        tokio::time::advance(TTL).await;
        assert_eq!(instance.body(1).await, Some("new".into()), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dirty_entry_does_not_expire_before_its_flush() {
    let world = World { ttl: Some(TTL), ..World::with_rows([1]).await };
    let instance = world.instance(0, &choice(r#"{"write-behind": {"flush_every": "1h"}}"#));
    // The entry of a read has a TTL; the write must take it off.
    served(&instance, 1).await;
    instance.version(&write(1, "new")).await;
    tokio::time::advance(100 * TTL).await;
    assert_eq!((served(&instance, 1).await, instance.body(1).await), (Served::Hit, Some("new".into())));
    instance.strategy.drain().await.unwrap();
    tokio::time::advance(TTL - Duration::from_millis(1)).await;
    assert_eq!(served(&instance, 1).await, Served::Hit);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!((served(&instance, 1).await, instance.body(1).await), (Served::Miss, Some("new".into())));
    assert_eq!(instance.tally.counts().lost_dirty, 0);
}

#[tokio::test(start_paused = true)]
async fn a_row_with_a_ttl_of_its_own_lives_by_that_however_it_got_into_the_cache() {
    let own = 2 * TTL;
    for choice in variants().iter().filter(|choice| conduct(choice).caches) {
        let label = choice.label();
        let world = World { ttl: Some(TTL), ..World::with_rows([1, 2]).await };
        let mut parts = world.parts(0);
        let of_row_1: Arc<[u32]> = [Lifetimes::NONE, own.as_millis() as u32].into();
        parts.guards = parts.guards.over(Lifetimes::all(world.ttl).with_own(of_row_1));
        let (tally, tasks) = (parts.tally.clone(), parts.tasks.clone());
        let instance = Instance { strategy: choice.build(STRATEGIES, parts).unwrap(), tasks, tally };
        served(&instance, 1).await;
        served(&instance, 2).await;
        rest().await;
        tokio::time::advance(TTL).await;
        assert_eq!(
            (served(&instance, 1).await, served(&instance, 2).await),
            (Served::Hit, Served::Miss),
            "{label}"
        );
        tokio::time::advance(TTL).await;
        assert_eq!(served(&instance, 1).await, Served::Miss, "{label}");
        tokio::time::advance(own).await;
        instance.version(&write(1, "new")).await;
        instance.strategy.drain().await.unwrap();
        served(&instance, 1).await;
        rest().await;
        tokio::time::advance(own - Duration::from_millis(5)).await;
        assert_eq!(served(&instance, 1).await, Served::Hit, "{label}");
        tokio::time::advance(Duration::from_millis(5)).await;
        assert_eq!(served(&instance, 1).await, Served::Miss, "{label}");
    }
}
