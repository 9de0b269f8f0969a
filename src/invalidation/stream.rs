use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;

use super::journal::{Appender, Journal, JournalOptions};
use super::{Answer, Guarantee, Link, Listener, Listening, Publisher, Transport};
use crate::model::{BoxFuture, Event, Failure, StoreError};
use crate::registry::{self, Entry};

pub const ENTRY: Entry<dyn Transport, ()> = Entry {
    name: "stream",
    summary: "a Redis stream: the writer appends, and instances of a service share the events as a consumer group",
    options: registry::schema_of::<JournalOptions>,
    build: |options, ()| {
        let journal = registry::options::<JournalOptions>(options)?.journal()?;
        Ok(Box::new(Stream(journal)))
    },
};

/// Events appended by one round trip, at most.
const BATCH: usize = 256;

struct Stream(Journal);

impl Transport for Stream {
    fn guarantee(&self) -> Guarantee {
        Guarantee::AtLeastOnce
    }

    fn shares_out(&self) -> bool {
        true
    }

    fn resumes(&self) -> bool {
        true
    }

    fn prepare<'a>(&'a self, link: &'a Link) -> Answer<'a, ()> {
        Box::pin(self.0.prepare(link))
    }

    fn clean_up<'a>(&'a self, link: &'a Link) -> Answer<'a, ()> {
        Box::pin(self.0.clean_up(link))
    }

    fn publisher<'a>(&'a self, link: &'a Link) -> Answer<'a, Box<dyn Publisher>> {
        Box::pin(async move {
            let mut appender = self.0.appender(link);
            appender.connect().await?;
            let (queue, queued) = mpsc::unbounded_channel();
            link.tasks.spawn(append_all(appender, queued));
            Ok(Box::new(Queue(queue)) as _)
        })
    }

    fn listener<'a>(&'a self, link: &'a Link, listening: &'a Listening) -> Answer<'a, Box<dyn Listener>> {
        Box::pin(self.0.listener(link, listening))
    }
}

/// Events on their way into the stream, in their order. What the stream does not take it is told again and again; what is
/// still here when the instance dies is lost.
struct Queue(UnboundedSender<Queued>);

enum Queued {
    Event(Event),
    /// To be dropped once all before is in the stream.
    Drained {
        _done: oneshot::Sender<()>,
    },
}

impl Publisher for Queue {
    fn publish(&self, event: Event) -> Answer<'_, ()> {
        let queued = self.0.send(Queued::Event(event));
        let ended = |_| StoreError::cache(Failure::Unavailable, "the instance that appends has ended");
        Box::pin(std::future::ready(queued.map_err(ended)))
    }

    fn drain(&self) -> BoxFuture<'_, ()> {
        let (done, drained) = oneshot::channel();
        // Where nothing is appended any more, both ends are dropped at once.
        let _ = self.0.send(Queued::Drained { _done: done });
        Box::pin(async move {
            let _ = drained.await;
        })
    }
}

async fn append_all(mut appender: Appender, mut queue: UnboundedReceiver<Queued>) {
    let mut queued = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut queued, BATCH).await > 0 {
        let event = |queued: &Queued| match queued {
            Queued::Event(event) => Some(*event),
            Queued::Drained { .. } => None,
        };
        let events: Vec<Event> = queued.iter().filter_map(event).collect();
        appender.append(&events).await;
        queued.clear();
    }
}
