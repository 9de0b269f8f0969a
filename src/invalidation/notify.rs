use super::{Answer, Guarantee, Heard, Link, Listener, Listening, Publisher, Transport};
use crate::model::Event;
use crate::registry::{self, Entry, NoOptions};
use crate::store::postgres::{InCommit, Notices};

pub const ENTRY: Entry<dyn Transport, ()> = Entry {
    name: "notify",
    summary: "Postgres NOTIFY in the transaction of the write: who is not connected then hears nothing",
    options: registry::schema_of::<NoOptions>,
    build: |options, ()| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Notify))
    },
};

/// Events of one answer, at most.
const BATCH: usize = 256;

struct Notify;

impl Transport for Notify {
    fn guarantee(&self) -> Guarantee {
        Guarantee::AtMostOnce
    }

    fn uses_cache(&self) -> bool {
        false
    }

    fn in_commit(&self) -> InCommit {
        InCommit::Notify
    }

    fn publisher<'a>(&'a self, _: &'a Link) -> Answer<'a, Box<dyn Publisher>> {
        Box::pin(std::future::ready(Ok(Box::new(Nobody) as _)))
    }

    fn listener<'a>(&'a self, link: &'a Link, _: &'a Listening) -> Answer<'a, Box<dyn Listener>> {
        Box::pin(async move {
            let notices = Notices::listen(&link.database, &link.tally).await?;
            Ok(Box::new(Hearer(notices)) as _)
        })
    }
}

/// Where a server tells of writes by itself, and no writer has to.
pub(super) struct Nobody;

impl Publisher for Nobody {
    fn publish(&self, _: Event) -> Answer<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}

struct Hearer(Notices);

impl Listener for Hearer {
    fn next(&mut self) -> Answer<'_, Heard> {
        Box::pin(async move {
            let mut events = Vec::new();
            while events.is_empty() {
                events.extend(Event::decode(self.0.next().await?.as_bytes()));
            }
            while events.len() < BATCH
                && let Some(text) = self.0.come()
            {
                events.extend(Event::decode(text.as_bytes()));
            }
            Ok(Heard::Events(events))
        })
    }
}
