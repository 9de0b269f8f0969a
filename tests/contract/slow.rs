use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use cachebench::measure::QueryClass;
use cachebench::mitigation::{Loaded, Request, Source};
use cachebench::model::{BoxFuture, Failure, Key, Payload, StoreError, Value};
use cachebench::registry::Choice;
use cachebench::store::memory::MemoryDatabase;
use cachebench::store::{Answer, Database};
use tokio::time::sleep;

use super::{Instance, World};

/// A database whose loads take their time and are counted, over all instances; they fail or never end if told to.
#[derive(Clone)]
pub struct Slow {
    database: Arc<dyn Database>,
    load: Duration,
    loads: Arc<AtomicU64>,
    fails: Arc<AtomicBool>,
    hangs: Arc<AtomicBool>,
}

impl Slow {
    pub fn new(load: Duration) -> Slow {
        let database = Arc::new(MemoryDatabase::default());
        Slow { database, load, loads: Arc::default(), fails: Arc::default(), hangs: Arc::default() }
    }

    /// The same over the database of an instance.
    pub fn over(&self, database: Arc<dyn Database>) -> Slow {
        Slow { database, ..self.clone() }
    }

    /// Two instances over this database, seen through the tallies of their own.
    pub fn instances(&self, world: &World, choice: &Choice) -> [Instance; 2] {
        [0, 1].map(|number| {
            let over = |database| Arc::new(self.over(database)) as Arc<dyn Database>;
            world.instance_over(number, choice, |cache, _| cache, over)
        })
    }

    pub fn loads(&self) -> u64 {
        self.loads.load(Relaxed)
    }

    /// Whether loads fail from now on.
    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Relaxed);
    }

    /// Whether loads that begin from now on never end.
    pub fn hang(&self, hangs: bool) {
        self.hangs.store(hangs, Relaxed);
    }
}

impl Source for Slow {
    fn load(self: Arc<Self>, request: Request) -> BoxFuture<'static, Loaded> {
        Box::pin(async move { Loaded::Row(Database::load(&*self, &request.key).await.unwrap()) })
    }
}

impl Database for Slow {
    fn load<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Value>> {
        Box::pin(async move {
            self.loads.fetch_add(1, Relaxed);
            let row = self.database.load(key).await?;
            if self.hangs.load(Relaxed) {
                std::future::pending::<()>().await;
            }
            sleep(self.load).await;
            if self.fails.load(Relaxed) {
                return Err(StoreError::database(Failure::Unavailable, "as ordered"));
            }
            Ok(row.map(|row| Value { load_cost_us: self.load.as_micros() as u32, ..row }))
        })
    }

    fn load_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Value>>> {
        self.database.load_many(keys)
    }

    fn version<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<u64>> {
        self.database.version(key)
    }

    fn update<'a>(&'a self, key: &'a Key, payload: &'a Payload) -> Answer<'a, Option<u64>> {
        self.database.update(key, payload)
    }

    fn insert<'a>(&'a self, key: &'a Key, payload: &'a Payload) -> Answer<'a, u64> {
        self.database.insert(key, payload)
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<u64>> {
        self.database.delete(key)
    }

    fn store<'a>(&'a self, class: QueryClass, rows: &'a [(Key, Value)]) -> Answer<'a, ()> {
        self.database.store(class, rows)
    }

    fn client(&self) -> Vec<(&'static str, String)> {
        self.database.client()
    }
}
