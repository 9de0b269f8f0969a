use std::time::Duration;

use super::super::Link;
use super::Appender;
use crate::model::{Event, StoreError};
use crate::store::RECONNECT_PAUSE;

/// Events of one step, about.
pub const BATCH: usize = 1024;

/// Where a relay finds events that are not yet in the stream.
pub trait Source: Send + Sized + 'static {
    /// # Errors
    /// When the server does not let us in.
    fn connect(link: &Link) -> impl Future<Output = Result<Self, StoreError>> + Send;

    /// The next events, in the order in which they are to be told. They come again until they are passed.
    ///
    /// # Errors
    /// When the connection is broken, or the server refuses.
    fn read(&mut self) -> impl Future<Output = Result<Vec<Event>, StoreError>> + Send;

    /// What was read last is in the stream.
    ///
    /// # Errors
    /// As [`Source::read`].
    fn pass(&mut self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Carries events from a source into the stream, for ever. Between an event's coming into the stream and its being passed the
/// relay may die, and the next tells it once more.
pub async fn relay<S: Source>(link: Link, mut appender: Appender, poll: Duration) {
    let mut has_lost = false;
    loop {
        let Ok(mut source) = S::connect(&link).await else {
            tokio::time::sleep(RECONNECT_PAUSE).await;
            continue;
        };
        if std::mem::replace(&mut has_lost, true) {
            link.tally.event_reconnect();
        }
        while let Ok(count) = carry(&mut source, &mut appender).await {
            if count < BATCH {
                tokio::time::sleep(poll).await;
            }
        }
        tokio::time::sleep(RECONNECT_PAUSE).await;
    }
}

/// One step; answers how many events it carried.
async fn carry(source: &mut impl Source, appender: &mut Appender) -> Result<usize, StoreError> {
    let events = source.read().await?;
    appender.append(&events).await;
    source.pass().await?;
    Ok(events.len())
}
