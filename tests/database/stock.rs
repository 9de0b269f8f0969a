use std::sync::Arc;
use std::time::{Duration, Instant};

use cachebench::measure::Tally;
use cachebench::model::{Failure, Intent, StockLevel};
use cachebench::servers::ManagedPostgres;
use cachebench::store::Stock;
use cachebench::store::memory::MemoryDatabase;
use cachebench::store::postgres::{Postgres, Query, options, seed_stock};
use cachebench::traffic::{Random, Stream};
use futures_util::future::{join, join_all};
use sqlx::{Connection, Executor, PgConnection};

use super::{connect, key, server};

const ROWS: u64 = 4;
const UNITS: u64 = 40;

/// A server with a stock, and an instance's connections to it.
async fn shop(pool: usize) -> (ManagedPostgres, Postgres, Arc<Tally>) {
    let server = server().await;
    seed_stock(&server.url(), ROWS, UNITS).await.unwrap();
    let (postgres, tally) = connect(&server, pool, Query::default()).await;
    (server, postgres, tally)
}

async fn level(stock: &dyn Stock, row: u64) -> (i64, u64) {
    let levels = stock.levels(row..row + 1).await.unwrap();
    levels.first().map(|(_, level)| (level.units, level.version)).unwrap()
}

/// One request to a stock.
#[derive(Debug)]
enum Step {
    Set(u64, u64),
    SetIfNewer(u64, StockLevel),
    Decrement(u64, u32),
    Open(&'static str),
    Apply(&'static str, Vec<Intent>),
}

impl Step {
    fn random(random: &mut Random) -> Step {
        // One more than there are.
        let row = random.below(ROWS + 1);
        let outbox = ["one", "other"][random.below(2) as usize];
        match random.below(12) {
            0 => Step::Set(row, random.below(UNITS)),
            1 | 2 => {
                let units = random.below(UNITS) as i64;
                Step::SetIfNewer(row, StockLevel { units, version: random.below(30) })
            }
            3..7 => Step::Decrement(row, 1 + random.below(9) as u32),
            7 => Step::Open(outbox),
            _ => {
                let (first, count) = (random.below(20), random.below(6));
                let mut intent = |seq| {
                    let (row, units) = (random.below(ROWS + 1), 1 + random.below(4) as u32);
                    Intent { seq, row, units }
                };
                let intents = (first..first + count).map(&mut intent).collect();
                Step::Apply(outbox, intents)
            }
        }
    }

    /// What the stock answers, and what it holds then, as text.
    async fn take(&self, stock: &dyn Stock) -> String {
        let answer = match self {
            Step::Set(row, units) => format!("{:?}", stock.set_level(&key(*row), *units).await.unwrap()),
            Step::SetIfNewer(row, level) => {
                format!("{:?}", stock.set_level_if_newer(&key(*row), *level).await.unwrap())
            }
            Step::Decrement(row, units) => {
                format!("{:?}", stock.decrement(&key(*row), *units).await.unwrap())
            }
            Step::Open(outbox) => format!("{:?}", stock.open_outbox(outbox).await.unwrap()),
            Step::Apply(outbox, intents) => {
                format!("{:?}", stock.apply(outbox, intents).await.map_err(|error| error.failure))
            }
        };
        format!("{answer}, then {:?}", stock.levels(0..ROWS + 1).await.unwrap())
    }
}

#[tokio::test]
async fn the_stock_in_memory_answers_as_postgres_does() {
    let (_server, postgres, sent) = shop(2).await;
    let tally = Arc::new(Tally::default());
    let memory = MemoryDatabase::default().share(tally.clone());
    memory.fill_stock(ROWS, UNITS as i64);
    let mut random = Random::new(4, Stream::Operation, 0);
    let mut refused = 0;
    for number in 0..600 {
        let step = Step::random(&mut random);
        let (here, there) = (step.take(&memory).await, step.take(&postgres).await);
        assert_eq!(here, there, "step {number}, {step:?}");
        refused += u32::from(there.starts_with("Err(Refused)"));
    }
    assert!(refused > 0, "no outbox was ever unknown");
    assert_eq!(tally.counts(), sent.counts(), "queries are counted otherwise");
}

#[tokio::test]
async fn intents_that_are_applied_again_and_by_several_at_once_count_once() {
    let (_server, postgres, _) = shop(4).await;
    postgres.open_outbox("box").await.unwrap();
    let intents: Vec<_> =
        (1..=60).map(|seq| Intent { seq, row: seq % ROWS, units: 1 + (seq % 2) as u32 }).collect();
    for end in [10, 25, 40, 60] {
        // All of them from the start, four times at once: as after a relay that died before it trimmed.
        let applied = join_all((0..4).map(|_| postgres.apply("box", &intents[..end]))).await;
        assert!(applied.iter().all(Result::is_ok));
    }
    let sold: i64 = intents.iter().map(|intent| i64::from(intent.units)).sum();
    let levels = postgres.levels(0..ROWS).await.unwrap();
    let left: i64 = levels.iter().map(|(_, level)| level.units).sum();
    assert_eq!(left, (ROWS * UNITS) as i64 - sold);
    postgres.apply("box", &intents[3..9]).await.unwrap();
    assert_eq!(postgres.levels(0..ROWS).await.unwrap(), levels);
    // Too many leave nothing, and not less.
    let many = [Intent { seq: 100, row: 2, units: 1_000 }];
    postgres.apply("box", &many).await.unwrap();
    assert_eq!(level(&postgres, 2).await.0, 0);
}

#[tokio::test]
async fn outboxes_with_the_same_rows_do_not_deadlock() {
    let (_server, postgres, tally) = shop(4).await;
    for outbox in ["one", "other"] {
        postgres.open_outbox(outbox).await.unwrap();
    }
    let intents = |turn: u64, backwards: bool| -> Vec<Intent> {
        let rows = (0..ROWS).map(|at| if backwards { ROWS - 1 - at } else { at });
        rows.enumerate().map(|(at, row)| Intent { seq: turn * 10 + at as u64 + 1, row, units: 1 }).collect()
    };
    for turn in 0..10 {
        let (one, other) = (intents(turn, false), intents(turn, true));
        let (one, other) = join(postgres.apply("one", &one), postgres.apply("other", &other)).await;
        assert!(one.is_ok() && other.is_ok());
    }
    assert_eq!(level(&postgres, 3).await, (20, 20));
    assert_eq!(tally.counts().all_errors(), 0);
}

#[tokio::test]
async fn a_decrement_waits_for_the_lock_of_its_row_and_sees_what_was_committed() {
    let (server, postgres, _) = shop(16).await;
    let mut other = PgConnection::connect_with(&options(&server.url()).unwrap()).await.unwrap();
    other.execute("BEGIN; SELECT level FROM stock WHERE sku = 1 FOR UPDATE").await.unwrap();
    let waiting = async { postgres.decrement(&key(1), 30).await.unwrap() };
    let committing = async {
        let mut observer = PgConnection::connect(&server.url()).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let blocked: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND state = 'active'",
            )
            .fetch_one(&mut observer)
            .await
            .unwrap();
            if blocked == 1 {
                break;
            }
            assert!(Instant::now() < deadline, "nobody waits for the lock after 20 s");
        }
        other.execute("UPDATE stock SET level = 12 WHERE sku = 1; COMMIT").await.unwrap();
    };
    // Thirty of forty would have been there, of twelve they are not.
    assert_eq!(join(waiting, committing).await.0, None);
    assert_eq!(level(&postgres, 1).await, (12, 0));
    let row = key(1);
    let taken = join_all((0..16).map(|_| postgres.decrement(&row, 1))).await;
    let mut left: Vec<u64> = taken.into_iter().filter_map(Result::unwrap).collect();
    left.sort_unstable();
    assert_eq!(left, (0..12).collect::<Vec<u64>>());
    assert_eq!(level(&postgres, 1).await, (0, 12));
}

#[tokio::test]
async fn an_older_level_changes_nothing_where_it_is_guarded_and_wins_where_it_is_set() {
    let (_server, postgres, tally) = shop(1).await;
    let newer = StockLevel { units: 30, version: 9 };
    for older in [StockLevel { units: 33, version: 6 }, StockLevel { units: 31, version: 9 }] {
        postgres.set_level_if_newer(&key(0), newer).await.unwrap();
        postgres.set_level_if_newer(&key(0), older).await.unwrap();
        assert_eq!(level(&postgres, 0).await, (30, 9));
    }
    postgres.set_level(&key(0), 33).await.unwrap();
    assert_eq!(level(&postgres, 0).await, (33, 9));
    // The table itself takes no level below 0.
    let below = StockLevel { units: -1, version: 20 };
    let error = postgres.set_level_if_newer(&key(0), below).await.unwrap_err();
    assert_eq!((error.failure, tally.counts().all_errors()), (Failure::Refused, 1));
    assert_eq!(level(&postgres, 0).await, (33, 9));
}
