use std::sync::Arc;

use bytes::Bytes;

use super::super::Link;
use crate::measure::Tally;
use crate::model::{Event, Failure, StoreError};
use crate::store::{Bus, Endpoint, RECONNECT_PAUSE};

/// Appends events to the stream, in their order.
pub struct Appender {
    at: Endpoint,
    tally: Arc<Tally>,
    stream: String,
    keep: u64,
    bus: Option<Bus>,
    /// Whether a connection was there and broke.
    has_lost: bool,
}

impl Appender {
    /// Not yet connected.
    pub fn new(link: &Link, keep: u64) -> Appender {
        let (at, tally, stream) = (link.cache.clone(), link.tally.clone(), link.events());
        Appender { at, tally, stream, keep, bus: None, has_lost: false }
    }

    /// Connects, unless it is.
    ///
    /// # Errors
    /// When the server does not let us in.
    pub async fn connect(&mut self) -> Result<(), StoreError> {
        if self.bus.is_none() {
            self.bus = Some(Bus::connect(&self.at, self.tally.clone()).await?);
            if std::mem::take(&mut self.has_lost) {
                self.tally.event_reconnect();
            }
        }
        Ok(())
    }

    /// Returns once all of them are in the stream, however long that takes. After a failure they are sent again, so that some
    /// may be in it twice.
    pub async fn append(&mut self, events: &[Event]) {
        let texts: Vec<Bytes> = events.iter().map(|event| event.encode()).collect();
        while let Err(error) = self.try_append(&texts).await {
            if error.failure != Failure::Refused {
                self.has_lost |= self.bus.take().is_some();
            }
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
    }

    async fn try_append(&mut self, texts: &[Bytes]) -> Result<(), StoreError> {
        self.connect().await?;
        match &self.bus {
            Some(bus) if !texts.is_empty() => bus.append(&self.stream, self.keep, texts).await,
            _ => Ok(()),
        }
    }
}
