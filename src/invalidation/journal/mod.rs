//! Journal: a Redis stream that keeps the last events, from which each listener goes on where it was.
//!
//! It begins with an entry that is no event, and somebody who resumes is always at some entry. As long as the stream holds
//! that one it holds all that came behind it; where it does not, whether it was trimmed, deleted or lost in a crash, events
//! may be missing.

mod alone;
mod appender;
mod group;
mod options;
mod relay;
mod request;

use std::time::Duration;

use self::alone::Alone;
use self::group::Member;
use super::{Link, Listener, Listening};
use crate::model::StoreError;
use crate::store::Bus;

pub use self::appender::Appender;
pub use self::options::{JournalOptions, RelayOptions};
pub use self::relay::{BATCH as RELAYED, Source, relay};

/// Entries of one read, at most.
const BATCH: usize = 256;
/// How long a read waits for an entry.
const BLOCK: Duration = Duration::from_millis(200);

/// How the stream is kept and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Journal {
    /// Entries that it keeps, about.
    keep: u64,
    /// How long an event may be with a member of a group that does not say what became of it, before another gets it.
    reclaim_after: Duration,
}

impl Journal {
    /// Makes the stream anew, and a group for each service that begins with the first event.
    ///
    /// # Errors
    /// When the server does not answer or refuses, as for all below.
    pub async fn prepare(&self, link: &Link) -> Result<(), StoreError> {
        let (bus, stream) = (Bus::connect(&link.cache, link.tally.clone()).await?, link.events());
        bus.remove(&stream).await?;
        bus.mark(&stream).await?;
        for service in 0..link.services.max(1) {
            bus.make_group(&stream, &group_of(service)).await?;
        }
        Ok(())
    }

    /// Removes the stream.
    ///
    /// # Errors
    /// As [`Journal::prepare`].
    pub async fn clean_up(&self, link: &Link) -> Result<(), StoreError> {
        Bus::connect(&link.cache, link.tally.clone()).await?.remove(&link.events()).await
    }

    /// Who shares the events of its service, or hears them all.
    ///
    /// # Errors
    /// As [`Journal::prepare`].
    pub async fn listener(
        &self,
        link: &Link,
        listening: &Listening,
    ) -> Result<Box<dyn Listener>, StoreError> {
        let bus = Bus::connect(&link.cache, link.tally.clone()).await?;
        Ok(match listening.shared {
            true => Box::new(Member::join(bus, link.events(), listening, self.reclaim_after).await?),
            false => Box::new(Alone::begin(bus, link.events(), listening.from.clone()).await?),
        })
    }

    /// What appends to the stream.
    pub fn appender(&self, link: &Link) -> Appender {
        Appender::new(link, self.keep)
    }
}

/// The name of the group in which the instances of a service are.
fn group_of(service: usize) -> String {
    format!("service-{service}")
}
