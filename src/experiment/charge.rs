use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

/// A server of ours, shared with whoever kills it on purpose.
pub struct Charge<S>(Arc<Mutex<Kept<S>>>);

/// What is known of such a server.
pub struct Kept<S> {
    pub server: S,
    /// Whether it was killed and not started again since.
    pub is_down: bool,
    /// Whether it was ever killed: its counters began again, and what it had in memory is gone.
    pub was_killed: bool,
}

impl<S> Clone for Charge<S> {
    fn clone(&self) -> Charge<S> {
        Charge(self.0.clone())
    }
}

impl<S> Charge<S> {
    pub fn new(server: S) -> Charge<S> {
        Charge(Arc::new(Mutex::new(Kept { server, is_down: false, was_killed: false })))
    }

    pub fn lock(&self) -> MutexGuard<'_, Kept<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at a server that should be up; nothing of one that was killed, or is just being started again.
    pub fn if_meant_to_be_up<T>(&self, look: impl FnOnce(&S) -> Option<T>) -> Option<T> {
        let kept = match self.0.try_lock() {
            Ok(kept) => kept,
            Err(TryLockError::Poisoned(kept)) => kept.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        if kept.is_down { None } else { look(&kept.server) }
    }

    /// Kills it by `kill`.
    pub fn kill(&self, kill: impl FnOnce(&mut S)) {
        let mut kept = self.lock();
        (kept.is_down, kept.was_killed) = (true, true);
        kill(&mut kept.server);
    }

    /// Starts it by `start` if it is down.
    ///
    /// # Errors
    /// Those of `start`.
    pub fn start<E>(&self, start: impl FnOnce(&mut S) -> Result<(), E>) -> Result<(), E> {
        let mut kept = self.lock();
        if kept.is_down {
            start(&mut kept.server)?;
            kept.is_down = false;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_was_killed_is_not_looked_at_until_it_is_up_again() {
        let charge = Charge::new(1);
        let look = || charge.clone().if_meant_to_be_up(|server| Some(*server));
        assert_eq!(look(), Some(1));
        charge.kill(|server| *server = 0);
        assert_eq!(look(), None);
        assert_eq!(charge.start(|_| Err("no")), Err("no"));
        assert_eq!(look(), None);
        let start = |server: &mut i32| {
            *server = 2;
            Ok::<(), ()>(())
        };
        charge.start(start).unwrap();
        assert_eq!(look(), Some(2));
        charge.start(|_| Err("it is up, so it is not started")).unwrap();
        let _held = charge.lock();
        assert_eq!(look(), None, "whoever holds it is at work on it");
    }
}
