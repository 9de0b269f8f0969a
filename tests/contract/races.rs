use std::time::Duration;

use cachebench::model::{Kind, Outcome, Served};

use super::{World, choice, key, operation, poll, write};

/// Lets `text` read row 1 in one instance up to where it has loaded the row, then lets another write it,
/// then lets the reader go on. Answers what it read, as body, and the world.
async fn a_reader_is_overtaken(text: &str) -> (String, World, [super::Instance; 2]) {
    let world = World::with_rows([1]).await;
    let instances = [0, 1].map(|number| world.instance(number, &choice(text)));
    let row = key(1);
    let mut reading = instances[0].strategy.read(&row);
    // The memory database reads the row, then yields.
    assert!(poll(&mut reading).await.is_pending());
    assert_eq!(instances[1].version(&write(1, "new")).await, Some(2));
    let Outcome::Read { served: Served::Miss, value: Some(value) } = reading.await else {
        panic!("the reader missed, and found the row");
    };
    (String::from_utf8(value.body.to_vec()).unwrap(), world, instances)
}

/// The classic race: the reader loads, the writer commits and deletes, the reader fills with what it loaded.
#[tokio::test(start_paused = true)]
async fn a_cache_aside_reader_that_is_overtaken_leaves_the_old_row_in_the_cache() {
    for text in [r#""cache-aside""#, r#""read-through""#, r#"{"cache-aside": {"coherence": "update"}}"#] {
        let (read, world, instances) = a_reader_is_overtaken(text).await;
        assert_eq!(read, "seeded 1", "{text}");
        assert_eq!((world.entry(1).await.unwrap().version, world.row(1).await.unwrap().version), (1, 2));
        for instance in &instances {
            assert_eq!(instance.body(1).await, Some("seeded 1".into()), "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_fill_yields_to_a_newer_entry_where_the_cache_is_ahead() {
    for text in [r#""write-behind""#, r#"{"write-through": {"order": "cache-first"}}"#] {
        let (read, world, instances) = a_reader_is_overtaken(text).await;
        assert_eq!(read, "seeded 1", "{text}");
        assert_eq!(world.entry(1).await.map(|entry| (entry.version, entry.body)), Some((2, "new".into())));
        for instance in &instances {
            assert_eq!(instance.body(1).await, Some("new".into()), "{text}");
            instance.strategy.drain().await.unwrap();
            assert_eq!(instance.tally.counts().lost_dirty, 0);
        }
        assert_eq!(world.row(1).await.map(|row| (row.version, row.body)), Some((2, "new".into())));
    }
}

/// Two writers of one row, the database first: whoever is overtaken between the stores has the last word in
/// the cache.
#[tokio::test(start_paused = true)]
async fn writers_that_update_the_cache_may_reach_it_in_another_order_than_the_database_unless_versions_decide()
 {
    for text in [r#""write-through""#, r#"{"cache-aside": {"coherence": "update"}}"#] {
        let stale = overtaken_writes(text, Kind::Write).await;
        assert!(stale > 0, "{text} was never overtaken");
    }
    for text in [
        r#"{"write-through": {"coherence": "compare-and-set"}}"#,
        r#"{"cache-aside": {"coherence": "compare-and-set"}}"#,
    ] {
        for second in [Kind::Write, Kind::Insert, Kind::Delete] {
            assert_eq!(overtaken_writes(text, second).await, 0, "{text}, {second:?}");
        }
    }
    assert_eq!(overtaken_writes(r#"{"write-through": {"order": "cache-first"}}"#, Kind::Write).await, 0);
    assert_eq!(overtaken_writes(r#""write-behind""#, Kind::Write).await, 0);
}

/// In how many of many tries cache and database disagree after a write and a `second` that runs beside it.
async fn overtaken_writes(text: &str, second: Kind) -> usize {
    let mut disagree = 0;
    for seed in 0..60 {
        let world = World::with_rows([1]).await;
        let instances = [0, 1].map(|number| world.restless(number, &choice(text), seed));
        instances[0].read(1).await;
        let (one, other) = (write(1, "one"), operation(second, 1, "other"));
        tokio::join!(instances[0].version(&one), instances[1].version(&other));
        for instance in &instances {
            instance.strategy.drain().await.unwrap();
        }
        let entry = world.entry(1).await.filter(|entry| !entry.tombstone);
        let (entry, row) = (entry.map(|entry| entry.body), world.row(1).await.map(|row| row.body));
        disagree += usize::from(entry != row);
    }
    disagree
}

/// A deletion has its place in the order of versions, so that an older write which comes after it changes nothing.
#[tokio::test(start_paused = true)]
async fn a_write_that_a_deletion_overtakes_does_not_bring_the_row_back() {
    for text in [r#"{"write-through": {"order": "cache-first"}}"#, r#""write-behind""#] {
        assert_eq!(overtaken_writes(text, Kind::Delete).await, 0, "{text}");
    }
}

/// A fill yields to an entry, but not to one that has come and gone: then the cache goes on from the old
/// version, and the database takes the next write for one that it has. No counter tells of it.
#[tokio::test(start_paused = true)]
async fn a_fill_that_outlasts_a_newer_entry_loses_the_next_write_where_the_cache_assigns_versions() {
    for text in [
        r#"{"write-behind": {"flush_every": "1h"}}"#,
        r#"{"write-through": {"order": "cache-first"}}"#,
        r#""cache-aside""#,
    ] {
        let world = World { ttl: Some(Duration::from_secs(10)), ..World::with_rows([1]).await };
        let instances = [0, 1].map(|number| world.instance(number, &choice(text)));
        let row = key(1);
        let mut reading = instances[0].strategy.read(&row);
        assert!(poll(&mut reading).await.is_pending());
        instances[1].version(&write(1, "new")).await;
        instances[1].strategy.drain().await.unwrap();
        tokio::time::advance(Duration::from_secs(10)).await;
        reading.await;
        let version = instances[1].version(&write(1, "newest")).await;
        instances[1].strategy.drain().await.unwrap();
        let kept = text.contains("cache-aside");
        assert_eq!(version, Some(if kept { 3 } else { 2 }), "{text}");
        assert_eq!(world.row(1).await.unwrap().body, if kept { "newest" } else { "new" }, "{text}");
        assert_eq!(instances[1].tally.counts().lost_dirty, 0, "{text}");
    }
}
