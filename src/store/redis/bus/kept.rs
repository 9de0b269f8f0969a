use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};

use super::Bus;
use crate::measure::Tally;
use crate::model::{Failure, StoreError};
use crate::store::{Endpoint, RECONNECT_PAUSE, Tasks};

/// A bus that is replaced in the background when it breaks; until then, what is sent fails at once.
#[derive(Clone)]
pub struct KeptBus(Arc<Kept>);

struct Kept {
    at: Endpoint,
    tally: Arc<Tally>,
    tasks: Tasks,
    bus: RwLock<Bus>,
    reconnecting: AtomicBool,
}

impl KeptBus {
    /// # Errors
    /// As [`Bus::connect`].
    pub async fn connect(at: &Endpoint, tally: Arc<Tally>, tasks: Tasks) -> Result<KeptBus, StoreError> {
        let bus = RwLock::new(Bus::connect(at, tally.clone()).await?);
        let reconnecting = AtomicBool::new(false);
        Ok(KeptBus(Arc::new(Kept { at: at.clone(), tally, tasks, bus, reconnecting })))
    }

    /// As [`Bus::publish`].
    ///
    /// # Errors
    /// As [`Bus::publish`].
    pub async fn publish(&self, channel: &str, text: &[u8]) -> Result<u64, StoreError> {
        let bus = self.0.bus.read().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = bus.publish(channel, text).await;
        if answer.as_ref().is_err_and(|error| error.failure != Failure::Refused) {
            self.reconnect();
        }
        answer
    }

    /// Starts to replace the connection, unless that is under way.
    fn reconnect(&self) {
        if self.0.reconnecting.swap(true, Relaxed) {
            return;
        }
        let kept = Arc::downgrade(&self.0);
        self.0.tasks.spawn(async move {
            while let Some(kept) = kept.upgrade() {
                if let Ok(fresh) = Bus::connect(&kept.at, kept.tally.clone()).await {
                    *kept.bus.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                    kept.tally.event_reconnect();
                    kept.reconnecting.store(false, Relaxed);
                    return;
                }
                drop(kept);
                tokio::time::sleep(RECONNECT_PAUSE).await;
            }
        });
    }
}
