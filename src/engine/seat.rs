use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::crew::{Instance, Service};
use super::watchdog::Slot;
use crate::model::Failure;
use crate::store::Tasks;

/// The place of a service instance on its worker: empty after a crash, until its successor has started.
///
/// It alone keeps the instance alive: a lane holds it for the length of a call only, so that after a crash all that
/// it had is gone with the calls that it had.
pub struct Seat {
    /// Grows with every crash.
    crashes: AtomicU64,
    inner: Mutex<Inner>,
}

struct Inner {
    instance: Option<Instance>,
    /// The calls of its lanes.
    slots: Vec<Arc<Slot>>,
}

impl Seat {
    pub fn of(instance: Instance) -> Seat {
        let inner = Inner { instance: Some(instance), slots: Vec::new() };
        Seat { crashes: AtomicU64::new(0), inner: Mutex::new(inner) }
    }

    /// What answers here, if an instance does.
    pub fn service(&self) -> Option<Arc<Service>> {
        self.lock().instance.as_ref().map(|instance| instance.service.clone())
    }

    /// What its instance does behind its callers' backs, if there is one.
    pub fn tasks(&self) -> Option<Tasks> {
        self.lock().instance.as_ref().map(|instance| instance.tasks.clone())
    }

    pub fn is_empty(&self) -> bool {
        self.lock().instance.is_none()
    }

    /// From now on these are the calls of the instance's lanes.
    pub fn follow(&self, slots: Vec<Arc<Slot>>) {
        self.lock().slots = slots;
    }

    /// Ends the instance as a crash of its process does: its calls fail at once, what it does behind their backs
    /// stops where it is, and nothing is drained.
    ///
    /// On the worker's own thread only: there no call can begin meanwhile.
    pub fn crash(&self) {
        let Some(instance) = self.clear() else { return };
        self.crashes.fetch_add(1, Relaxed);
        instance.tasks.abort();
        self.lock().slots.iter().for_each(|slot| slot.end(Failure::Unavailable));
    }

    /// Takes the instance away.
    pub fn clear(&self) -> Option<Instance> {
        self.lock().instance.take()
    }

    /// Puts an instance here, unless there is one.
    pub fn fill(&self, instance: Instance) {
        self.lock().instance.get_or_insert(instance);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a lane sees of its seat.
pub struct View {
    seat: Arc<Seat>,
    /// As of the last look.
    crashes: u64,
    service: Option<Weak<Service>>,
}

impl View {
    pub fn of(seat: Arc<Seat>) -> View {
        View { seat, crashes: 0, service: None }
    }

    /// What answers there now; without a crash a load and a count away.
    pub fn service(&mut self) -> Option<Arc<Service>> {
        let crashes = self.seat.crashes.load(Relaxed);
        let known = self.service.as_ref().filter(|_| crashes == self.crashes).and_then(Weak::upgrade);
        known.or_else(|| {
            let found = self.seat.service();
            self.service = found.as_ref().map(Arc::downgrade);
            self.crashes = crashes;
            found
        })
    }
}
