use std::time::Duration;

use super::journal::{Journal, RELAYED, RelayOptions, Source, relay};
use super::notify::Nobody;
use super::{Answer, Guarantee, Link, Listener, Listening, Publisher, Transport};
use crate::model::{BoxFuture, Event, StoreError};
use crate::registry::{self, Entry};
use crate::store::postgres::{EventOutbox, InCommit};

pub const ENTRY: Entry<dyn Transport, ()> = Entry {
    name: "outbox",
    summary: "a row beside each write in its transaction, carried from the database into a Redis stream",
    options: registry::schema_of::<RelayOptions>,
    build: |options, ()| {
        let options = registry::options::<RelayOptions>(options)?;
        Ok(Box::new(Outbox { journal: options.journal()?, poll: options.poll.0 }))
    },
};

/// The transactional outbox: the event is committed with the write or not at all.
struct Outbox {
    journal: Journal,
    poll: Duration,
}

impl Transport for Outbox {
    fn guarantee(&self) -> Guarantee {
        Guarantee::AtLeastOnce
    }

    fn in_commit(&self) -> InCommit {
        InCommit::Outbox
    }

    fn shares_out(&self) -> bool {
        true
    }

    fn resumes(&self) -> bool {
        true
    }

    fn prepare<'a>(&'a self, link: &'a Link) -> Answer<'a, ()> {
        Box::pin(async move {
            EventOutbox::open(&link.database, link.tally.clone()).await?.clear().await?;
            self.journal.prepare(link).await
        })
    }

    fn clean_up<'a>(&'a self, link: &'a Link) -> Answer<'a, ()> {
        Box::pin(self.journal.clean_up(link))
    }

    fn publisher<'a>(&'a self, _: &'a Link) -> Answer<'a, Box<dyn Publisher>> {
        Box::pin(std::future::ready(Ok(Box::new(Nobody) as _)))
    }

    fn listener<'a>(&'a self, link: &'a Link, listening: &'a Listening) -> Answer<'a, Box<dyn Listener>> {
        Box::pin(self.journal.listener(link, listening))
    }

    fn relay(&self, link: &Link) -> Option<BoxFuture<'static, ()>> {
        let appender = self.journal.appender(link);
        Some(Box::pin(relay::<Reader>(link.clone(), appender, self.poll)))
    }
}

struct Reader {
    outbox: EventOutbox,
    /// The numbers of what was read last.
    read: Vec<i64>,
}

impl Source for Reader {
    async fn connect(link: &Link) -> Result<Reader, StoreError> {
        let outbox = EventOutbox::open(&link.database, link.tally.clone()).await?;
        Ok(Reader { outbox, read: Vec::new() })
    }

    async fn read(&mut self) -> Result<Vec<Event>, StoreError> {
        let (read, events) = self.outbox.read(RELAYED).await?.into_iter().unzip();
        self.read = read;
        Ok(events)
    }

    async fn pass(&mut self) -> Result<(), StoreError> {
        if self.read.is_empty() {
            return Ok(());
        }
        self.outbox.remove(&self.read).await
    }
}
