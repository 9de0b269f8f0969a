use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Claim, Coherence, Offer, Parts};
use crate::model::{BoxFuture, Key, Time};
use crate::registry::{self, Entry};
use crate::store::{Answer, Background};

pub const ENTRY: Entry<dyn Coherence, Parts> = Entry {
    name: "double-delete",
    summary: "the entry is deleted before the commit, after it, and once more a while later",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let put_off = Background::new(parts.tasks.clone());
        Ok(Box::new(DoubleDelete { after: options.after.0, put_off, parts }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// How long after the commit the entry is deleted for the last time; a fill that comes later still stays.
    after: Time,
}

impl Default for Options {
    fn default() -> Options {
        Options { after: Time(Duration::from_millis(500)) }
    }
}

/// Old rows that overtaken readers put back are swept out after a while.
struct DoubleDelete {
    after: Duration,
    /// The last deletions that are still to come.
    put_off: Background,
    parts: Parts,
}

impl Coherence for DoubleDelete {
    fn parts(&self) -> &Parts {
        &self.parts
    }

    fn before_write<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Claim> {
        Box::pin(async move {
            // A failure was counted where it happened; two more deletions follow.
            let _ = self.parts.cache.delete(key).await;
            Claim::None
        })
    }

    fn committed<'a>(&'a self, key: &'a Key, _: Option<Offer<'a>>, _: Claim) -> Answer<'a, ()> {
        Box::pin(async move {
            let (cache, key, after) = (self.parts.cache.clone(), *key, self.after);
            self.put_off.spawn(async move {
                tokio::time::sleep(after).await;
                // As above; there is nobody to tell.
                let _ = cache.delete(&key).await;
            });
            self.parts.cache.delete(&key).await.map(drop)
        })
    }

    fn is_timed(&self) -> bool {
        true
    }

    fn drain<'a>(&'a self) -> BoxFuture<'a, ()> {
        Box::pin(self.put_off.idle())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::Instant;

    use super::*;
    use crate::coherence::COHERENCES;
    use crate::registry::Choice;
    use crate::store::{NoopCache, NoopDatabase, Tasks};

    #[tokio::test(start_paused = true)]
    async fn a_deletion_is_waited_for_unless_it_died_with_its_instance() {
        for (dies, waited) in [(false, Duration::from_millis(500)), (true, Duration::ZERO)] {
            let parts = Parts {
                cache: Arc::new(NoopCache),
                database: Arc::new(NoopDatabase),
                instance: 0,
                tasks: Tasks::default(),
            };
            let tasks = parts.tasks.clone();
            let coherence = Choice::named("double-delete").build(COHERENCES, parts).unwrap();
            let began = Instant::now();
            coherence.committed(&Key::new("cb:", 1), None, Claim::None).await.unwrap();
            if dies {
                tasks.abort();
            }
            coherence.drain().await;
            // Timers tick once a millisecond and round up.
            assert!(began.elapsed() - waited <= Duration::from_millis(1), "{dies}: {:?}", began.elapsed());
        }
    }
}
