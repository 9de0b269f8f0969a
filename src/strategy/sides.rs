use std::sync::Arc;

use super::{Conduct, DatabaseFirst, Fill, LookAside, Parts, Promise, Strategy};
use crate::coherence::Coherence;
use crate::model::{BoxFuture, Event, Key, Operation, Outcome, StoreError};
use crate::store::Answer;

/// A strategy with a cache: reads look aside, and writes go the way of `W`.
pub struct Sides<W> {
    reads: LookAside,
    writes: W,
    filled_by_others: bool,
}

/// How a strategy with a cache writes.
///
/// An implementer owes what one of [`Strategy`] does: an outcome whatever happens, to many clients at once, whose calls
/// may be dropped at any await.
pub trait WriteSide: Send + Sync {
    /// What a strategy that writes so is to others.
    fn conduct(&self) -> Conduct;

    /// As [`Strategy::write`].
    fn write(&self, operation: &Operation) -> impl Future<Output = Outcome> + Send;

    /// As [`Strategy::drain`], of what was written.
    fn drain(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
        std::future::ready(Ok(()))
    }
}

impl Sides<DatabaseFirst> {
    /// Writes commit to the database, and `coherence`, which reads and writes share, says what becomes of the entry.
    pub fn database_first(
        parts: &Parts,
        coherence: Arc<dyn Coherence>,
        fill: Fill,
        promise: Promise,
    ) -> Sides<DatabaseFirst> {
        let reads = LookAside::new(parts, coherence.clone(), fill);
        Sides::new(reads, DatabaseFirst::new(parts.clone(), coherence, promise))
    }
}

impl<W: WriteSide> Sides<W> {
    pub fn new(reads: LookAside, writes: W) -> Sides<W> {
        Sides { reads, writes, filled_by_others: false }
    }

    /// The same, where somebody else may fill the cache in its place: see [`Conduct::filled_by_others`].
    #[must_use]
    pub fn filled_by_others(self) -> Sides<W> {
        Sides { filled_by_others: true, ..self }
    }
}

impl<W: WriteSide> Strategy for Sides<W> {
    fn conduct(&self) -> Conduct {
        Conduct { filled_by_others: self.filled_by_others, ..self.writes.conduct() }
    }

    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read(key))
    }

    fn read_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read_many(keys))
    }

    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        Box::pin(self.writes.write(operation))
    }

    fn invalidate<'a>(&'a self, key: &'a Key, event: Event) -> Answer<'a, u64> {
        Box::pin(self.reads.invalidate(key, event))
    }

    fn drain<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.reads.drain().await;
            self.writes.drain().await
        })
    }
}
