use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{Inventory, Parts, done, from_row};
use crate::model::{BoxFuture, Key, Outcome, StoreError, Time, unix_us};
use crate::registry::{self, Entry};
use crate::store::Task;
use crate::store::scripts::{Decrement, Decremented, Outbox, decrement, pending, trim};

pub const ENTRY: Entry<dyn Inventory, Parts> = Entry {
    name: "outbox",
    summary: "the cache records each decrement with it, and a relay takes the records to the database, each once",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let relay = Arc::new(Relay {
            name: format!("{}outbox:{}", parts.prefix, parts.instance),
            outbox: Outbox::new(&parts.prefix, parts.instance),
            batch: options.batch.max(1),
            is_open: Mutex::new(false),
            parts,
        });
        let rest = options.relay_every.0.max(Duration::from_millis(1));
        let task = relay.parts.tasks.spawn(relay.clone().run(rest));
        Ok(Box::new(WithOutbox { relay, task }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// How long the relay rests between two rounds.
    relay_every: Time,
    /// Most intents in one round.
    #[schemars(range(min = 1, max = 10_000))]
    batch: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { relay_every: Time(Duration::from_millis(50)), batch: 500 }
    }
}

/// Decrements are acknowledged by the cache, which records the intent in the same step: there is no moment at which
/// one of the two is there without the other.
struct WithOutbox {
    relay: Arc<Relay>,
    task: Task,
}

impl WithOutbox {
    async fn take(&self, key: &Key, units: u32) -> Result<Outcome, StoreError> {
        let Parts { cache, stock, .. } = &self.relay.parts;
        let outbox = Some((&self.relay.outbox, unix_us()));
        match decrement(&**cache, Decrement { key, units, outbox }).await? {
            Decremented::Miss => {
                // What the lost entry had sold comes first, or the row would sell it again.
                self.relay.empty().await?;
                from_row(&**stock, key, units).await
            }
            Decremented::Insufficient => Ok(Outcome::Decremented { left: None }),
            Decremented::Done(level) => Ok(done(level)),
        }
    }
}

impl Drop for WithOutbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Inventory for WithOutbox {
    fn decrement<'a>(&'a self, key: &'a Key, units: u32) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { self.take(key, units).await.unwrap_or_else(Outcome::from) })
    }

    fn drain<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.relay.empty())
    }
}

/// Carries intents to the database, in the order of their numbers.
struct Relay {
    /// The name under which the database knows the outbox.
    name: String,
    outbox: Outbox,
    batch: usize,
    /// Whether the database knows the outbox; held for a round, for two at once would carry the same intents.
    is_open: Mutex<bool>,
    parts: Parts,
}

impl Relay {
    async fn run(self: Arc<Relay>, rest: Duration) {
        loop {
            tokio::time::sleep(rest).await;
            let _round = self.parts.tasks.round().await;
            // A full batch means that more is waiting. A failure is counted by the stores; the intents stay.
            while self.round().await.is_ok_and(|intents| intents == self.batch) {}
        }
    }

    /// Carries all that is there.
    async fn empty(&self) -> Result<(), StoreError> {
        while self.round().await? > 0 {}
        Ok(())
    }

    /// Carries one batch; answers how many intents it took on.
    ///
    /// Wherever it ends, the next round finds the same intents or those after them, and the database knows which of
    /// them it has taken.
    async fn round(&self) -> Result<usize, StoreError> {
        let mut is_open = self.is_open.lock().await;
        let Parts { cache, stock, tally, .. } = &self.parts;
        let intents = pending(&**cache, &self.outbox, self.batch).await?;
        let Some(last) = intents.last() else { return Ok(0) };
        if !*is_open {
            stock.open_outbox(&self.name).await?;
            *is_open = true;
        }
        stock.apply(&self.name, &intents).await?;
        let mut rows: Vec<u64> = intents.iter().map(|intent| intent.row).collect();
        rows.sort_unstable();
        rows.dedup();
        tally.flushed(rows.len() as u64);
        trim(&**cache, &self.outbox, last.seq).await?;
        Ok(intents.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::INVENTORIES;
    use crate::measure::{Command, Tally};
    use crate::registry::Choice;
    use crate::store::Tasks;
    use crate::store::memory::{MemoryCache, MemoryDatabase};

    #[tokio::test(start_paused = true)]
    async fn nothing_is_carried_during_a_pause() {
        let (tasks, tally) = (Tasks::default(), Arc::new(Tally::default()));
        let parts = Parts {
            cache: Arc::new(MemoryCache::default().share(tally.clone())),
            stock: Arc::new(MemoryDatabase::default()),
            prefix: "cb:".into(),
            instance: 0,
            tally: tally.clone(),
            tasks: tasks.clone(),
        };
        let pause = tasks.pause().await;
        let _inventory = Choice::named("outbox").build(INVENTORIES, parts).unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(tally.counts().command(Command::Evalsha), 0);
        drop(pause);
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(tally.counts().command(Command::Evalsha) > 0);
    }
}
