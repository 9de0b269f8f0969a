use cachebench::measure::QueryClass;
use cachebench::model::{Key, Payload, Value};
use cachebench::store::Database;
use cachebench::traffic::Random;
use rand::Rng;

use super::{key, timeless};

/// One request to a database.
#[derive(Debug)]
pub enum Step {
    Load(u64),
    LoadMany(Vec<u64>),
    Version(u64),
    Update(u64, Payload),
    Insert(u64, Payload),
    Delete(u64),
    Store(QueryClass, Vec<(Key, Value)>),
}

/// Rows that the steps are about.
pub const ROWS: u64 = 6;

pub fn payload(random: &mut Random) -> Payload {
    let mut body = vec![0; [0, 1, 30, 30, 30, 70_000][random.below(6) as usize]];
    random.fill_bytes(&mut body);
    Payload { body: body.into(), checksum: random.next_u64() }
}

impl Step {
    pub fn random(random: &mut Random) -> Step {
        let id = random.below(ROWS);
        match random.below(10) {
            0 => Step::Load(id),
            8 => Step::LoadMany((0..ROWS + 2).filter(|_| random.below(2) == 0).rev().collect()),
            9 => Step::Version(id),
            1 => Step::Update(id, payload(random)),
            2 => Step::Insert(id, payload(random)),
            3 => Step::Delete(id),
            _ => {
                let first = random.below(ROWS);
                let rows = (first..first + random.below(5)).map(|id| {
                    let Payload { body, checksum } = payload(random);
                    let tombstone = random.below(3) == 0;
                    let version = random.below(12);
                    // What only a cached value has, and no row keeps.
                    let load_cost_us = random.below(9) as u32;
                    (key(id), Value { version, checksum, tombstone, load_cost_us, expires_at_us: 7, body })
                });
                let rows = rows.collect();
                let class = if random.below(2) == 0 { QueryClass::Flush } else { QueryClass::Write };
                Step::Store(class, rows)
            }
        }
    }

    /// What the database answers, as text.
    async fn take(&self, database: &dyn Database) -> String {
        match self {
            Step::Load(id) => format!("{:?}", timeless(database.load(&key(*id)).await.unwrap())),
            Step::LoadMany(ids) => {
                let keys: Vec<Key> = ids.iter().map(|id| key(*id)).collect();
                let rows = database.load_many(&keys).await.unwrap();
                format!("{:?}", rows.into_iter().map(timeless).collect::<Vec<_>>())
            }
            Step::Version(id) => format!("{:?}", database.version(&key(*id)).await.unwrap()),
            Step::Update(id, payload) => format!("{:?}", database.update(&key(*id), payload).await.unwrap()),
            Step::Insert(id, payload) => format!("{:?}", database.insert(&key(*id), payload).await.unwrap()),
            Step::Delete(id) => format!("{:?}", database.delete(&key(*id)).await.unwrap()),
            Step::Store(class, rows) => format!("{:?}", database.store(*class, rows).await.unwrap()),
        }
    }
}

/// The first step after which two databases differ, in its answer or in any row.
pub async fn difference(one: &dyn Database, other: &dyn Database, steps: &[Step]) -> Option<String> {
    let loads: Vec<_> = (0..ROWS + 5).map(Step::Load).collect();
    for (number, step) in steps.iter().chain(&loads).enumerate() {
        if step.take(one).await != step.take(other).await {
            let mut text = format!("step {number}, {step:?}");
            text.truncate(300);
            return Some(text);
        }
    }
    None
}
