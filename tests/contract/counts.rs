use cachebench::measure::{Command, QueryClass, TallyCounts};
use cachebench::model::{Kind, Outcome, Served};
use cachebench::registry::Choice;

use super::{Instance, World, aside, choice, coherence_of, conduct, operation, rest, variants, write};

/// What an instance sends to both stores while `call` runs, fills behind it included.
async fn sent<T>(instance: &Instance, call: impl Future<Output = T>) -> (T, TallyCounts) {
    let before = instance.tally.counts();
    let answer = call.await;
    rest().await;
    (answer, &instance.tally.counts() - &before)
}

/// Commands by their names, then queries by theirs, in the order of their lists, those that were sent.
fn names(counts: &TallyCounts) -> Vec<(&'static str, u64)> {
    let commands = Command::ALL.into_iter().map(|command| (command.name(), counts.command(command)));
    let queries = QueryClass::ALL.into_iter().map(|class| (class.name(), counts.query(class)));
    commands.chain(queries).filter(|(_, count)| *count > 0).collect()
}

async fn read(instance: &Instance, id: u64) -> (Served, Vec<(&'static str, u64)>) {
    match sent(instance, instance.read(id)).await {
        (Outcome::Read { served, .. }, counts) => (served, names(&counts)),
        (other, _) => panic!("{other:?}"),
    }
}

/// An instance whose flushes come only when it is drained.
async fn instance_of(choice: &Choice) -> (World, Instance) {
    let world = World::with_rows([1, 2, 3]).await;
    let instance = world.instance(0, choice);
    if conduct(choice).defers {
        instance.tasks.abort();
    }
    (world, instance)
}

#[tokio::test(start_paused = true)]
async fn direct_sends_one_query_per_read_and_nothing_to_the_cache() {
    let (_world, instance) = instance_of(&choice(r#""direct""#)).await;
    for _ in 0..3 {
        assert_eq!(read(&instance, 1).await, (Served::Miss, vec![("load", 1)]));
    }
    for kind in [Kind::Write, Kind::Insert, Kind::Delete] {
        let (_, counts) = sent(&instance, instance.version(&operation(kind, 1, "new"))).await;
        assert_eq!(names(&counts), [("write", 1)]);
    }
}

type Sent = Vec<(&'static str, u64)>;

/// What a miss, a hit, and a read of no row send.
fn costs(coherence: &str) -> (Sent, Sent, Sent) {
    let (get, load) = (("get", 1), ("load", 1));
    match coherence {
        // What looks up also claims; what fills gives the claim back, and so does who has nothing to fill with.
        "lease" => (vec![("evalsha", 2), load], vec![("evalsha", 1)], vec![("evalsha", 2), load]),
        "populate-lock" => (vec![get, ("evalsha", 2), load], vec![get], vec![get, ("evalsha", 2), load]),
        "compare-and-set" => (vec![get, ("evalsha", 1), load], vec![get], vec![get, load]),
        "check-after-set" => (vec![get, ("set", 1), ("load", 2)], vec![get], vec![get, load]),
        _ => (vec![get, ("set", 1), load], vec![get], vec![get, load]),
    }
}

#[tokio::test(start_paused = true)]
async fn a_miss_is_a_get_a_load_and_a_set_and_a_hit_is_a_get_but_for_what_a_coherence_adds() {
    for choice in variants().iter().filter(|choice| conduct(choice).caches) {
        let (_world, instance) = instance_of(choice).await;
        let label = choice.label();
        let (miss, hit, absent) = costs(&coherence_of(choice));
        assert_eq!(read(&instance, 1).await, (Served::Miss, miss), "{label}");
        assert_eq!(read(&instance, 1).await, (Served::Hit, hit), "{label}");
        // There is nothing to put into the cache.
        assert_eq!(read(&instance, 9).await, (Served::Miss, absent), "{label}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_of_a_cached_row_sends_what_its_strategy_says() {
    let expected: &[(&str, &[(&str, u64)])] = &[
        (r#""cache-aside""#, &[("del", 1), ("write", 1)]),
        (r#"{"cache-aside": {"coherence": "update"}}"#, &[("set", 1), ("write", 1)]),
        (r#"{"cache-aside": {"coherence": "keep"}}"#, &[("write", 1)]),
        (r#"{"cache-aside": {"coherence": "compare-and-set"}}"#, &[("evalsha", 1), ("write", 1)]),
        (r#"{"cache-aside": {"coherence": "populate-lock"}}"#, &[("evalsha", 2), ("write", 1)]),
        (
            r#"{"cache-aside": {"coherence": {"populate-lock": {"writers": false}}}}"#,
            &[("del", 1), ("write", 1)],
        ),
        // The third is still to come.
        (r#"{"cache-aside": {"coherence": "double-delete"}}"#, &[("del", 2), ("write", 1)]),
        (r#"{"cache-aside": {"coherence": "lease"}}"#, &[("evalsha", 1), ("write", 1)]),
        (r#"{"cache-aside": {"coherence": "check-after-set"}}"#, &[("del", 1), ("write", 1)]),
        (r#""read-through""#, &[("del", 1), ("write", 1)]),
        (r#"{"read-through": {"coherence": "update"}}"#, &[("set", 1), ("write", 1)]),
        (r#"{"read-through": {"coherence": "keep"}}"#, &[("write", 1)]),
        (r#""write-around""#, &[("write", 1)]),
        (r#""write-through""#, &[("set", 1), ("write", 1)]),
        (r#"{"write-through": {"coherence": "compare-and-set"}}"#, &[("evalsha", 1), ("write", 1)]),
        (r#"{"write-through": {"order": "cache-first"}}"#, &[("evalsha", 1), ("write", 1)]),
        (r#""write-behind""#, &[("evalsha", 1)]),
    ];
    for (text, wanted) in expected {
        let (_world, instance) = instance_of(&choice(text)).await;
        instance.read(1).await;
        for body in ["one", "other"] {
            let (version, counts) = sent(&instance, instance.version(&write(1, body))).await;
            assert!(version.is_some(), "{text}");
            assert_eq!(names(&counts), *wanted, "{text}");
            instance.read(1).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_of_three_deletions_comes_later_and_is_waited_for_by_a_drain() {
    let (_world, instance) = instance_of(&aside(r#"{"double-delete": {"after": "2s"}}"#)).await;
    instance.version(&write(1, "new")).await;
    let began = tokio::time::Instant::now();
    let (drained, counts) = sent(&instance, instance.strategy.drain()).await;
    drained.unwrap();
    assert_eq!(names(&counts), [("del", 1)]);
    assert!(began.elapsed() >= std::time::Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_write_through_sends_one_command_more_than_a_write_around() {
    let (_one, through) = instance_of(&choice(r#""write-through""#)).await;
    let (_other, around) = instance_of(&choice(r#""write-around""#)).await;
    for kind in [Kind::Write, Kind::Insert, Kind::Delete] {
        let operation = operation(kind, 1, "new");
        let (_, through) = sent(&through, through.version(&operation)).await;
        let (_, around) = sent(&around, around.version(&operation)).await;
        assert_eq!(through.commands(), around.commands() + 1);
        assert_eq!((through.queries(), around.queries()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_not_cached_is_loaded_before_it_is_written_behind() {
    let (_world, instance) = instance_of(&choice(r#""write-behind""#)).await;
    let (version, counts) = sent(&instance, instance.version(&write(1, "new"))).await;
    assert_eq!((version, names(&counts)), (Some(2), vec![("evalsha", 2), ("load", 1)]));
}

#[tokio::test(start_paused = true)]
async fn many_writes_of_a_row_between_two_flushes_are_flushed_as_one() {
    let (world, instance) = instance_of(&choice(r#""write-behind""#)).await;
    instance.read(1).await;
    instance.read(2).await;
    let writes = async {
        for n in 0..50 {
            instance.version(&write(1, &format!("body {n}"))).await;
        }
        instance.version(&write(2, "once")).await;
    };
    let ((), counts) = sent(&instance, writes).await;
    assert_eq!(names(&counts), [("evalsha", 51)]);
    let (drained, counts) = sent(&instance, instance.strategy.drain()).await;
    drained.unwrap();
    // Which rows are dirty, their entries, that they are clean; and once more, which rows are dirty.
    assert_eq!(names(&counts), [("mget", 1), ("evalsha", 3), ("flush", 1)]);
    assert_eq!(counts.rows_flushed, 2);
    assert_eq!(world.row(1).await.map(|row| (row.version, row.body)), Some((51, "body 49".into())));
    assert_eq!(world.row(2).await.map(|row| (row.version, row.body)), Some((2, "once".into())));
}

#[tokio::test(start_paused = true)]
async fn a_flush_carries_at_most_a_batch() {
    let world = World::with_rows(0..10).await;
    let instance = world.instance(0, &choice(r#"{"write-behind": {"batch": 4, "flush_every": "1h"}}"#));
    for id in 0..10 {
        instance.version(&write(id, "new")).await;
    }
    let (drained, counts) = sent(&instance, instance.strategy.drain()).await;
    drained.unwrap();
    assert_eq!((counts.query(QueryClass::Flush), counts.rows_flushed), (3, 10));
}

#[tokio::test(start_paused = true)]
async fn deletions_and_writes_are_flushed_by_one_query() {
    let (world, instance) = instance_of(&choice(r#""write-behind""#)).await;
    instance.version(&write(1, "new")).await;
    instance.version(&operation(Kind::Delete, 2, "")).await;
    let (drained, counts) = sent(&instance, instance.strategy.drain()).await;
    drained.unwrap();
    assert_eq!((counts.query(QueryClass::Flush), counts.rows_flushed), (1, 2));
    assert_eq!((world.row(1).await.unwrap().version, world.row(2).await), (2, None));
}
