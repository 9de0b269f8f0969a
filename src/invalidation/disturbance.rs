use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// What is wrong with the way of events to one instance, as a fault makes it; nothing at first.
#[derive(Default)]
pub struct Disturbance {
    now: Mutex<Wrong>,
    is_cut: watch::Sender<bool>,
}

/// What is wrong at a moment: shares of the events, from 0 to 1, and how much later they come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wrong {
    /// Do not come, or come again later where the transport promises that.
    pub dropped: f64,
    /// Come a second time, behind those after them.
    pub duplicated: f64,
    /// Come behind those after them.
    pub reordered: f64,
    pub delay: Duration,
}

/// One thing that a fault makes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Disturb {
    Drop(f64),
    Duplicate(f64),
    Reorder(f64),
    Delay(Duration),
    /// The connection is gone, and no other is to be had.
    Cut,
}

impl Disturbance {
    /// Makes it wrong, or right again.
    pub fn set(&self, what: Disturb, is_wrong: bool) {
        let share = |share: f64| if is_wrong { share } else { 0.0 };
        match what {
            Disturb::Drop(part) => self.lock().dropped = share(part),
            Disturb::Duplicate(part) => self.lock().duplicated = share(part),
            Disturb::Reorder(part) => self.lock().reordered = share(part),
            Disturb::Delay(by) => self.lock().delay = if is_wrong { by } else { Duration::ZERO },
            Disturb::Cut => {
                self.is_cut.send_replace(is_wrong);
            }
        }
    }

    /// What is wrong now.
    pub fn now(&self) -> Wrong {
        *self.lock()
    }

    /// Returns once the connection is cut.
    pub async fn cut(&self) {
        // It fails only if the sender is gone, and that is ours.
        let _ = self.is_cut.subscribe().wait_for(|is_cut| *is_cut).await;
    }

    /// Returns once there is a connection to be had.
    pub async fn mended(&self) {
        // Likewise.
        let _ = self.is_cut.subscribe().wait_for(|is_cut| !*is_cut).await;
    }

    fn lock(&self) -> MutexGuard<'_, Wrong> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
