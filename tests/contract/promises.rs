use std::time::Duration;

use bytes::Bytes;
use cachebench::model::{Kind, Outcome};

use super::{World, choice, conduct, keeps_entries, operation, rest, variants, write};

#[tokio::test(start_paused = true)]
async fn a_strategy_reads_what_it_wrote() {
    for choice in variants() {
        let world = World::with_rows([1]).await;
        let instances = [0, 1].map(|number| world.instance(number, &choice));
        assert!(instances[0].version(&write(1, "new")).await.is_some(), "{}", choice.label());
        instances[0].strategy.drain().await.unwrap();
        for instance in &instances {
            assert_eq!(instance.body(1).await.as_deref(), Some(&b"new"[..]), "{}", choice.label());
        }
        assert_eq!(world.row(1).await.unwrap().body, "new", "{}", choice.label());
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_reaches_the_readers_of_a_cached_row_unless_its_entry_is_left_alone() {
    for choice in variants() {
        let world = World::with_rows([1]).await;
        let instances = [0, 1].map(|number| world.instance(number, &choice));
        assert_eq!(instances[1].body(1).await.as_deref(), Some(&b"seeded 1"[..]));
        rest().await;
        instances[0].version(&write(1, "new")).await;
        let seen = if keeps_entries(&choice) { "seeded 1" } else { "new" };
        for instance in &instances {
            assert_eq!(instance.body(1).await, Some(Bytes::from(seen)), "{}", choice.label());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_may_be_made_deleted_and_made_again() {
    for choice in variants() {
        let world = World::default();
        let instance = world.instance(0, &choice);
        let kept = keeps_entries(&choice);
        let label = choice.label();
        assert_eq!(instance.body(1).await, None, "{label}");
        assert_eq!(instance.version(&operation(Kind::Insert, 1, "first")).await, Some(1), "{label}");
        assert_eq!(instance.body(1).await, Some("first".into()), "{label}");
        rest().await;
        assert!(instance.version(&operation(Kind::Delete, 1, "")).await.is_some(), "{label}");
        assert_eq!(instance.body(1).await, kept.then(|| "first".into()), "{label}");
        instance.strategy.drain().await.unwrap();
        assert_eq!(world.row(1).await, None, "{label}");
        assert!(instance.version(&operation(Kind::Insert, 1, "again")).await.is_some(), "{label}");
        instance.strategy.drain().await.unwrap();
        assert_eq!(world.row(1).await.unwrap().body, "again", "{label}");
        assert_eq!(instance.body(1).await, Some(if kept { "first" } else { "again" }.into()), "{label}");
    }
}

#[tokio::test(start_paused = true)]
async fn deleting_what_is_not_there_makes_no_version() {
    for choice in variants() {
        let instance = World::default().instance(0, &choice);
        assert_eq!(instance.version(&operation(Kind::Delete, 1, "")).await, None, "{}", choice.label());
        assert_eq!(instance.body(1).await, None, "{}", choice.label());
    }
}

/// Who asks the database for the version knows that there is no row; who asks the cache makes one.
#[tokio::test(start_paused = true)]
async fn writing_what_is_not_there_makes_a_row_only_where_the_cache_assigns_versions() {
    for choice in variants() {
        let world = World::default();
        let instance = world.instance(0, &choice);
        let version = instance.version(&write(1, "new")).await;
        instance.strategy.drain().await.unwrap();
        let label = choice.label();
        let by_cache = conduct(&choice).cache_first;
        assert_eq!(version, by_cache.then_some(1), "{label}");
        assert_eq!(world.row(1).await.is_some(), by_cache, "{label}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_strategy_that_writes_later_needs_its_drain() {
    for choice in variants() {
        let world = World::with_rows([1]).await;
        let instance = world.instance(0, &choice);
        instance.version(&write(1, "new")).await;
        let there = world.row(1).await.unwrap().body == "new";
        assert_eq!(there, !conduct(&choice).defers, "{}", choice.label());
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_written_behind_reaches_the_database_without_a_drain() {
    let world = World::with_rows([1]).await;
    let instance = world.instance(0, &choice(r#"{"write-behind": {"flush_every": "20ms"}}"#));
    instance.version(&write(1, "new")).await;
    tokio::time::sleep(Duration::from_millis(15)).await;
    assert_eq!(world.row(1).await.unwrap().version, 1);
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(world.row(1).await.unwrap().version, 2);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_strategy_stops_writing_behind() {
    let world = World::with_rows([1]).await;
    let instance = world.instance(0, &choice(r#"{"write-behind": {"flush_every": "20ms"}}"#));
    let tally = instance.tally.clone();
    instance.version(&write(1, "new")).await;
    drop(instance);
    let sent = tally.counts();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(tally.counts(), sent);
    assert_eq!(world.row(1).await.unwrap().version, 1);
}

/// A write whose entry is gone before its flush is lost: it is counted, and the drain ends all the same.
#[tokio::test(start_paused = true)]
async fn a_write_that_was_evicted_before_its_flush_is_lost_and_counted() {
    use cachebench::store::Cache;
    let world = World::with_rows([1, 2]).await;
    let instance = world.instance(0, &choice(r#""write-behind""#));
    instance.version(&write(1, "lost")).await;
    instance.version(&write(2, "kept")).await;
    world.cache.delete(&super::key(1)).await.unwrap();
    instance.strategy.drain().await.unwrap();
    assert_eq!((instance.tally.counts().lost_dirty, instance.tally.counts().rows_flushed), (1, 1));
    assert_eq!(world.row(1).await.unwrap().body, "seeded 1");
    assert_eq!(world.row(2).await.unwrap().body, "kept");
    assert!(matches!(instance.read(1).await, Outcome::Read { value: Some(_), .. }));
}

/// In the process a write outlives the cache: readers are answered with it, and the next write goes on from it.
#[tokio::test(start_paused = true)]
async fn a_write_that_waits_in_the_process_outlives_its_entry() {
    use cachebench::store::Cache;
    for (text, outlives) in [
        (r#"{"write-behind": {"buffer": "process", "flush_every": "1h"}}"#, true),
        (r#"{"write-behind": {"flush_every": "1h"}}"#, false),
    ] {
        let world = World::with_rows([1]).await;
        let instance = world.instance(0, &choice(text));
        assert_eq!(instance.version(&write(1, "new")).await, Some(2));
        world.cache.delete(&super::key(1)).await.unwrap();
        let seen = if outlives { "new" } else { "seeded 1" };
        assert_eq!(instance.body(1).await, Some(seen.into()), "{text}");
        world.cache.delete(&super::key(1)).await.unwrap();
        let next = instance.version(&write(1, "newer")).await;
        assert_eq!(next, Some(if outlives { 3 } else { 2 }), "{text}");
        instance.strategy.drain().await.unwrap();
        assert_eq!(
            world.row(1).await.map(|row| (row.version, row.body)),
            next.map(|next| (next, "newer".into()))
        );
    }
}
