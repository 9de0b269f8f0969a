use super::{Answer, Guarantee, Heard, Link, Listener, Listening, Publisher, Transport};
use crate::model::{Event, Failure, StoreError};
use crate::registry::{self, Entry, NoOptions};
use crate::store::{KeptBus, Subscription};

pub const ENTRY: Entry<dyn Transport, ()> = Entry {
    name: "pubsub",
    summary: "Redis pub/sub: the writer publishes, and who is not connected then hears nothing",
    options: registry::schema_of::<NoOptions>,
    build: |options, ()| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(PubSub))
    },
};

/// Events of one answer, at most.
const BATCH: usize = 256;

struct PubSub;

impl Transport for PubSub {
    fn guarantee(&self) -> Guarantee {
        Guarantee::AtMostOnce
    }

    fn publisher<'a>(&'a self, link: &'a Link) -> Answer<'a, Box<dyn Publisher>> {
        Box::pin(async move {
            let bus = KeptBus::connect(&link.cache, link.tally.clone(), link.tasks.clone()).await?;
            Ok(Box::new(Speaker { bus, channel: link.events() }) as _)
        })
    }

    fn listener<'a>(&'a self, link: &'a Link, _: &'a Listening) -> Answer<'a, Box<dyn Listener>> {
        Box::pin(async move {
            let subscription = Subscription::open(&link.cache, &link.events(), &link.tally).await?;
            Ok(Box::new(Hearer(subscription)) as _)
        })
    }
}

struct Speaker {
    bus: KeptBus,
    channel: String,
}

impl Publisher for Speaker {
    fn publish(&self, event: Event) -> Answer<'_, ()> {
        Box::pin(async move { self.bus.publish(&self.channel, &event.encode()).await.map(drop) })
    }
}

struct Hearer(Subscription);

impl Listener for Hearer {
    fn next(&mut self) -> Answer<'_, Heard> {
        Box::pin(async move {
            let mut events = Vec::new();
            while events.is_empty() {
                let Some(text) = self.0.next().await else {
                    return Err(StoreError::cache(Failure::Unavailable, "the subscription has ended"));
                };
                events.extend(Event::decode(&text));
            }
            while events.len() < BATCH
                && let Some(text) = self.0.come()
            {
                events.extend(Event::decode(&text));
            }
            Ok(Heard::Events(events))
        })
    }
}
