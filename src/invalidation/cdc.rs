use std::time::Duration;

use super::journal::{Journal, RELAYED, RelayOptions, Source, relay};
use super::notify::Nobody;
use super::{Answer, Guarantee, Link, Listener, Listening, Publisher, Transport};
use crate::model::{BoxFuture, Event, StoreError};
use crate::registry::{self, Entry};
use crate::store::postgres::Slot;

pub const ENTRY: Entry<dyn Transport, ()> = Entry {
    name: "cdc",
    summary: "change data capture: the database's log is read, and carried into a Redis stream",
    options: registry::schema_of::<RelayOptions>,
    build: |options, ()| {
        let options = registry::options::<RelayOptions>(options)?;
        Ok(Box::new(ChangeDataCapture { journal: options.journal()?, poll: options.poll.0 }))
    },
};

/// Writers do nothing: whatever changes a row, it is in the log, in the order of the commits.
struct ChangeDataCapture {
    journal: Journal,
    poll: Duration,
}

impl Transport for ChangeDataCapture {
    fn guarantee(&self) -> Guarantee {
        Guarantee::AtLeastOnce
    }

    fn reads_database(&self) -> bool {
        true
    }

    fn shares_out(&self) -> bool {
        true
    }

    fn resumes(&self) -> bool {
        true
    }

    fn database_settings(&self) -> Vec<(&'static str, String)> {
        let settings = [("wal_level", "logical"), ("max_replication_slots", "10"), ("max_wal_senders", "10")];
        settings.map(|(name, value)| (name, value.into())).into()
    }

    fn prepare<'a>(&'a self, link: &'a Link) -> Answer<'a, ()> {
        Box::pin(async move {
            Slot::make(&link.database, link.tally.clone()).await?;
            self.journal.prepare(link).await
        })
    }

    fn clean_up<'a>(&'a self, link: &'a Link) -> Answer<'a, ()> {
        Box::pin(async move {
            Slot::take_off(&link.database, link.tally.clone()).await?;
            self.journal.clean_up(link).await
        })
    }

    fn publisher<'a>(&'a self, _: &'a Link) -> Answer<'a, Box<dyn Publisher>> {
        Box::pin(std::future::ready(Ok(Box::new(Nobody) as _)))
    }

    fn listener<'a>(&'a self, link: &'a Link, listening: &'a Listening) -> Answer<'a, Box<dyn Listener>> {
        Box::pin(self.journal.listener(link, listening))
    }

    fn relay(&self, link: &Link) -> Option<BoxFuture<'static, ()>> {
        let appender = self.journal.appender(link);
        Some(Box::pin(relay::<Slot>(link.clone(), appender, self.poll)))
    }
}

impl Source for Slot {
    async fn connect(link: &Link) -> Result<Slot, StoreError> {
        Slot::open(&link.database, link.tally.clone()).await
    }

    async fn read(&mut self) -> Result<Vec<Event>, StoreError> {
        Slot::read(self, RELAYED).await
    }

    async fn pass(&mut self) -> Result<(), StoreError> {
        Slot::pass(self).await
    }
}
