use cachebench::measure::{Command, QueryClass};
use cachebench::model::{Key, Outcome, Served};
use cachebench::strategy::read_one_by_one;

use super::{Instance, World, choice, coherence_of, conduct, key, operation, rest, variants, write};
use cachebench::model::{Failure, Kind};

/// How each row was served, and its body.
type Rows = Vec<(Served, Option<String>)>;

fn keys(ids: &[u64]) -> Vec<Key> {
    ids.iter().map(|&id| key(id)).collect()
}

fn rows(outcome: Outcome) -> Rows {
    let Outcome::ReadMany(found) = outcome else { panic!("a multi-read answered {outcome:?}") };
    let text = |body: bytes::Bytes| String::from_utf8(body.to_vec()).unwrap();
    found.into_iter().map(|found| (found.served, found.value.map(|value| text(value.body)))).collect()
}

impl Instance {
    async fn many(&self, ids: &[u64]) -> Rows {
        let rows = rows(self.strategy.read_many(&keys(ids)).await);
        rest().await;
        rows
    }
}

#[tokio::test(start_paused = true)]
async fn a_multi_read_answers_each_row_in_the_order_of_its_key() {
    for choice in variants() {
        let world = World::with_rows(1..=4).await;
        let instance = world.instance(0, &choice);
        instance.read(3).await;
        rest().await;
        let cached = if conduct(&choice).caches { Served::Hit } else { Served::Miss };
        let seeded = |served, id: u64| (served, Some(format!("seeded {id}")));
        let missed = (Served::Miss, None);
        let first = [seeded(Served::Miss, 2), seeded(cached, 3), missed.clone(), seeded(Served::Miss, 1)];
        assert_eq!(instance.many(&[2, 3, 9, 1]).await, first, "{}", choice.label());
        let second = [seeded(cached, 1), missed, seeded(cached, 2), seeded(cached, 3)];
        assert_eq!(instance.many(&[1, 9, 2, 3]).await, second, "{}", choice.label());
    }
}

#[tokio::test(start_paused = true)]
async fn a_multi_read_sees_what_single_reads_see() {
    for choice in variants() {
        let worlds = [World::with_rows(1..=5).await, World::with_rows(1..=5).await];
        let instances = worlds.each_ref().map(|world| world.instance(0, &choice));
        for instance in &instances {
            instance.many(&[1, 2, 3, 4]).await;
            instance.strategy.write(&write(1, "new")).await;
            instance.strategy.write(&operation(Kind::Delete, 2, "")).await;
            instance.strategy.write(&operation(Kind::Insert, 7, "made")).await;
            instance.strategy.write(&write(5, "new")).await;
        }
        let ids = [1, 2, 3, 5, 7];
        let single = rows(read_one_by_one(&*instances[0].strategy, &keys(&ids)).await);
        assert_eq!(instances[1].many(&ids).await, single, "{}", choice.label());
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_one_command_and_one_query_whatever_it_asks_for() {
    for choice in variants() {
        let world = World::with_rows(1..=4).await;
        let instance = world.instance(0, &choice);
        // Set apart what write-behind's flusher sends, which finds nothing to flush.
        let sent = async |ids: &[u64]| {
            let before = instance.tally.counts();
            instance.many(ids).await;
            let sent = &instance.tally.counts() - &before;
            let of = [Command::Get, Command::Mget, Command::Set].map(|command| sent.command(command));
            (of, sent.query(QueryClass::Load))
        };
        let caches = conduct(&choice).caches;
        let (cold, warm) = match &*coherence_of(&choice) {
            _ if !caches => (([0, 0, 0], 1), ([0, 0, 0], 1)),
            // Each row is filled by a script of its own.
            "lease" | "populate-lock" | "compare-and-set" => (([0, 1, 0], 1), ([0, 1, 0], 0)),
            // And a version is asked for after each set.
            "check-after-set" => (([0, 1, 4], 5), ([0, 1, 0], 0)),
            _ => (([0, 1, 4], 1), ([0, 1, 0], 0)),
        };
        assert_eq!(sent(&[1, 2, 3, 4]).await, cold, "{}", choice.label());
        assert_eq!(sent(&[1, 2, 3, 4]).await, warm, "{}", choice.label());
    }
}

#[tokio::test(start_paused = true)]
async fn one_by_one_is_a_command_and_a_query_each() {
    let world = World::with_rows(1..=4).await;
    let instance = world.instance(0, &choice(r#""cache-aside""#));
    instance.read(4).await;
    let before = instance.tally.counts();
    let rows = rows(read_one_by_one(&*instance.strategy, &keys(&[1, 2, 3, 4])).await);
    let sent = &instance.tally.counts() - &before;
    assert_eq!(rows.iter().filter(|(served, _)| *served == Served::Hit).count(), 1);
    let commands = [Command::Get, Command::Mget, Command::Set].map(|command| sent.command(command));
    assert_eq!((commands, sent.query(QueryClass::Load)), ([4, 0, 3], 3));
}

#[tokio::test(start_paused = true)]
async fn one_query_answers_for_a_cache_that_is_gone_and_nothing_is_filled() {
    for choice in variants().iter().filter(|choice| conduct(choice).caches) {
        let world = World::with_rows([1, 2]).await;
        let instance = world.failing(choice, Failure::Unavailable, false);
        let before = instance.tally.counts();
        let rows = instance.many(&[1, 2, 3]).await;
        let sent = &instance.tally.counts() - &before;
        assert!(rows.iter().all(|(served, _)| *served == Served::Fallback), "{}: {rows:?}", choice.label());
        assert_eq!(rows.iter().filter(|(_, body)| body.is_some()).count(), 2, "{}", choice.label());
        assert_eq!((sent.query(QueryClass::Load), sent.command(Command::Set)), (1, 0), "{}", choice.label());
    }
}
