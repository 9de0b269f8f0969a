use std::sync::Arc;

use super::{Conduct, Strategy};
use crate::invalidation::{Copies, Publisher};
use crate::measure::Events;
use crate::model::{BoxFuture, Event, Key, Operation, Outcome, StoreError};
use crate::store::Answer;

/// A strategy whose writes others are told of.
pub struct Publishing {
    strategy: Arc<dyn Strategy>,
    word: Word,
}

/// How the word of a write goes out.
pub struct Word {
    pub publisher: Box<dyn Publisher>,
    pub events: Arc<Events>,
    /// Copies that the writer itself reaches, one behind the other, each with its place among the consumers that are followed:
    /// other entries of its rows, its own near cache, and the entries of other services where the transport follows the
    /// cache.
    pub reached: Vec<(usize, Arc<dyn Copies>)>,
}

impl Publishing {
    pub fn new(strategy: Arc<dyn Strategy>, word: Word) -> Publishing {
        Publishing { strategy, word }
    }
}

/// A write whose caller gave it up may be committed, and nobody told.
struct GivenUp<'a>(Option<&'a Events>);

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        if let Some(events) = self.0 {
            events.unpublished();
        }
    }
}

impl Word {
    /// A write that was told by nobody is acknowledged all the same: it is committed.
    async fn of(&self, event: Event) {
        for (place, copies) in &self.reached {
            // One that fails is as an event that is lost.
            if let Ok(keys) = copies.take_out(event).await {
                self.events.applied(*place, event, keys);
            }
        }
        match self.publisher.publish(event).await {
            Ok(()) => self.events.published(),
            Err(_) => self.events.unpublished(),
        }
    }
}

impl Strategy for Publishing {
    fn conduct(&self) -> Conduct {
        self.strategy.conduct()
    }

    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome> {
        self.strategy.read(key)
    }

    fn read_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Outcome> {
        self.strategy.read_many(keys)
    }

    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let mut given_up = GivenUp(Some(&self.word.events));
            let outcome = self.strategy.write(operation).await;
            let row = operation.key.id();
            match outcome {
                Outcome::Written { version: Some(version) } => {
                    self.word.events.committed(row, version);
                    self.word.of(Event::new(row, version)).await;
                }
                // It may have been committed all the same.
                Outcome::Failed(_) => self.word.of(Event::of_row(row)).await,
                _ => {}
            }
            given_up.0 = None;
            outcome
        })
    }

    fn invalidate<'a>(&'a self, key: &'a Key, event: Event) -> Answer<'a, u64> {
        self.strategy.invalidate(key, event)
    }

    fn drain<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.strategy.drain().await?;
            self.word.publisher.drain().await;
            Ok(())
        })
    }
}
