use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until};

use super::{Disturbance, Heard, Link, Listener, Listening, Transport};
use crate::measure::Events;
use crate::model::{Event, StoreError};
use crate::store::Answer;
use crate::traffic::{Random, Stream};

/// How long a consumer rests before it tries again to connect, or to apply what it could not.
const PAUSE: Duration = Duration::from_millis(20);
/// An event that is to come behind others comes after this long if there are none.
const AT_MOST_BEHIND: Duration = Duration::from_millis(50);

/// Where somebody holds copies of rows.
pub trait Copies: Send + Sync {
    /// Takes out what an event makes old; answers how many entries those were.
    fn take_out(&self, event: Event) -> Answer<'_, u64>;

    /// Throws away everything, if that can be done; says whether it was.
    fn flush(&self) -> bool {
        false
    }
}

/// Hears events for one instance and applies them to its copies: those behind first, or a near one would be filled again
/// with what the one behind still has.
pub struct Consumer {
    pub transport: Arc<dyn Transport>,
    pub link: Link,
    pub listening: Listening,
    /// Each with its place among the consumers that are followed.
    pub copies: Vec<(usize, Arc<dyn Copies>)>,
    pub events: Arc<Events>,
    pub disturbance: Arc<Disturbance>,
    /// Decides which events are disturbed.
    pub seed: u64,
}

/// A consumer at work.
struct AtWork {
    consumer: Consumer,
    /// Events that are to come behind others.
    held: Vec<Event>,
    /// Events that are late, each with its time.
    late: Vec<(Instant, Event)>,
    /// Events so far.
    number: u64,
}

impl Consumer {
    /// Connects, and hears from then on until its tasks end.
    ///
    /// # Errors
    /// When it cannot connect now. Later it tries until it can.
    pub async fn start(self) -> Result<(), StoreError> {
        let listener = self.transport.listener(&self.link, &self.listening).await?;
        let tasks = self.link.tasks.clone();
        let at_work = AtWork { consumer: self, held: Vec::new(), late: Vec::new(), number: 0 };
        tasks.spawn(at_work.run(listener));
        Ok(())
    }

    fn each_place(&self, note: impl Fn(&Events, usize)) {
        self.copies.iter().for_each(|(place, _)| note(&self.events, *place));
    }

    /// What was heard so far is not to be trusted.
    fn flush(&self) {
        for (place, copies) in &self.copies {
            if copies.flush() {
                self.events.flushed(*place);
            }
        }
    }

    /// Whether an event has been applied to all copies.
    async fn apply(&self, event: Event) -> bool {
        let mut is_applied = true;
        for (place, copies) in &self.copies {
            match copies.take_out(event).await {
                Ok(keys) => self.events.applied(*place, event, keys),
                Err(_) => is_applied = false,
            }
        }
        is_applied
    }
}

impl AtWork {
    async fn run(mut self, mut listener: Box<dyn Listener>) {
        loop {
            self.hear(&mut *listener).await;
            self.consumer.listening.from = listener.position();
            drop(listener);
            listener = self.connect().await;
            self.consumer.each_place(Events::reconnected);
            if !self.consumer.transport.resumes() {
                self.consumer.flush();
            }
        }
    }

    async fn connect(&self) -> Box<dyn Listener> {
        let Consumer { transport, link, listening, disturbance, .. } = &self.consumer;
        loop {
            disturbance.mended().await;
            tokio::select! {
                () = disturbance.cut() => {}
                listener = transport.listener(link, listening) => match listener {
                    Ok(listener) => return listener,
                    Err(_) => tokio::time::sleep(PAUSE).await,
                },
            }
        }
    }

    /// Returns when the connection is broken or cut.
    async fn hear(&mut self, listener: &mut dyn Listener) {
        let disturbance = self.consumer.disturbance.clone();
        loop {
            let due = self.late.iter().map(|(due, _)| *due).min();
            let heard = tokio::select! {
                biased;
                () = disturbance.cut() => return,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.apply_late().await;
                    continue;
                }
                heard = listener.next() => heard,
                () = tokio::time::sleep(AT_MOST_BEHIND), if !self.held.is_empty() => {
                    self.apply_held().await;
                    continue;
                }
            };
            let Ok(heard) = heard else { return };
            match heard {
                Heard::Missed => self.consumer.flush(),
                Heard::Events(events) => {
                    let applied = self.take(&events).await;
                    if listener.settle(&applied).await.is_err() {
                        return;
                    }
                    if self.consumer.transport.resumes() && applied.contains(&false) {
                        // They come again, and at once.
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        }
    }

    /// Applies events, but for those that are disturbed; says which of them need not come again.
    async fn take(&mut self, events: &[Event]) -> Vec<bool> {
        let wrong = self.consumer.disturbance.now();
        let behind = std::mem::take(&mut self.held);
        let mut applied = vec![true; events.len()];
        let mut now = Vec::with_capacity(events.len());
        for (place, &event) in events.iter().enumerate() {
            self.number += 1;
            let mut random = Random::new(self.consumer.seed, Stream::Event, self.number);
            let mut happens = |share: f64| share > 0.0 && random.unit() <= share;
            if happens(wrong.dropped) {
                applied[place] = false;
                self.consumer.each_place(Events::dropped);
            } else if happens(wrong.reordered) {
                self.held.push(event);
            } else {
                if happens(wrong.duplicated) {
                    self.held.push(event);
                }
                now.push((place, event));
            }
        }
        if !wrong.delay.is_zero() {
            let due = Instant::now() + wrong.delay;
            self.late.extend(now.drain(..).map(|(_, event)| (due, event)));
        }
        let done = join_all(now.iter().map(|(_, event)| self.consumer.apply(*event))).await;
        now.iter().zip(done).for_each(|((place, _), done)| applied[*place] = done);
        self.apply_settled(behind).await;
        applied
    }

    async fn apply_held(&mut self) {
        let held = std::mem::take(&mut self.held);
        self.apply_settled(held).await;
    }

    async fn apply_late(&mut self) {
        let now = Instant::now();
        let late = std::mem::take(&mut self.late);
        let (due, late): (Vec<_>, Vec<_>) = late.into_iter().partition(|(due, _)| *due <= now);
        self.late = late;
        self.apply_settled(due.into_iter().map(|(_, event)| event).collect()).await;
    }

    /// Applies events that do not come again: what could not be applied is tried again, where events are not to be lost.
    async fn apply_settled(&mut self, events: Vec<Event>) {
        let done = join_all(events.iter().map(|event| self.consumer.apply(*event))).await;
        if self.consumer.transport.resumes() {
            let again = Instant::now() + PAUSE;
            let failed = events.into_iter().zip(done).filter(|(_, done)| !done);
            self.late.extend(failed.map(|(event, _)| (again, event)));
        }
    }
}

#[cfg(test)]
mod tests;
