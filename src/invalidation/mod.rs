//! Invalidation: how those who cache rows learn that somebody else has written them.
//!
//! A writer publishes the word of each write, or the database does for it; a transport carries it; a consumer, which is a
//! service with its entries in the cache or an instance with its near cache, hears it and takes out what is older.

mod cdc;
mod consumer;
mod disturbance;
mod journal;
mod none;
mod notify;
mod outbox;
mod pubsub;
mod stream;
mod tracking;

use std::sync::Arc;

pub use consumer::{Consumer, Copies};
pub use disturbance::{Disturb, Disturbance};

use crate::measure::Tally;
use crate::model::{BoxFuture, Event};
use crate::registry::Entry;
use crate::store::postgres::InCommit;
use crate::store::{Answer, Endpoint, Tasks, Tracked};

/// How the word of a write gets to those who cache the row.
pub trait Transport: Send + Sync {
    /// What it promises to those who listen.
    fn guarantee(&self) -> Guarantee;

    /// What the database does in the transaction of a write; what it does, no publisher has to do.
    fn in_commit(&self) -> InCommit {
        InCommit::Nothing
    }

    /// Whether a service hears each event once, whichever of its instances it comes to. A near cache, which is its
    /// instance's alone, then needs a listener of its own.
    fn shares_out(&self) -> bool {
        false
    }

    /// Whether a listener that was replaced goes on where it was, rather than from now on.
    fn resumes(&self) -> bool {
        false
    }

    /// Whether the writer takes the entries of the row out of the cache itself, and the transport tells near caches only.
    fn follows_cache(&self) -> bool {
        false
    }

    /// Whether the connections over which an instance reads have to track what they read: a listener hears by
    /// [`Link::tracked`].
    fn tracks_reads(&self) -> bool {
        false
    }

    /// Whether it tells of what is committed to the database, rather than of what is acknowledged.
    fn reads_database(&self) -> bool {
        self.in_commit() != InCommit::Nothing
    }

    /// Whether it goes over a server of the cache.
    fn uses_cache(&self) -> bool {
        true
    }

    /// Settings that a Postgres of our own needs for it, by their names in postgresql.conf.
    fn database_settings(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Makes what has to be there before anybody writes or listens, and takes off what an earlier measurement left.
    fn prepare<'a>(&'a self, _: &'a Link) -> Answer<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Takes off the servers what outlives a measurement and would go on to cost something.
    fn clean_up<'a>(&'a self, _: &'a Link) -> Answer<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Connects a writer.
    fn publisher<'a>(&'a self, link: &'a Link) -> Answer<'a, Box<dyn Publisher>>;

    /// Connects a listener. Once this returns, nothing that is published is missed but by what the transport does not
    /// promise.
    fn listener<'a>(&'a self, link: &'a Link, listening: &'a Listening) -> Answer<'a, Box<dyn Listener>>;

    /// What carries events on from the database, where something does: run once, by one writer, until it is dropped. It
    /// replaces its connections itself, and goes on where it was.
    fn relay(&self, _: &Link) -> Option<BoxFuture<'static, ()>> {
        None
    }
}

/// What a transport promises to those who listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarantee {
    /// Not a word.
    Nothing,
    /// Each event comes once or never: what is published while nobody listens is gone.
    AtMostOnce,
    /// Each event comes once or several times, also to who was away.
    AtLeastOnce,
}

/// A writer's end.
pub trait Publisher: Send + Sync {
    /// Tells of a write that has been committed; returns once the transport has it.
    ///
    /// # Errors
    /// When it could not be told, and will not be.
    fn publish(&self, event: Event) -> Answer<'_, ()>;

    /// Returns when nothing is left to be told.
    fn drain(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// A listener's end, over connections of its own.
pub trait Listener: Send {
    /// Waits for what comes next. It may be dropped, and asked again.
    ///
    /// # Errors
    /// When the connection is broken: another listener is needed.
    fn next(&mut self) -> Answer<'_, Heard>;

    /// Says which events of the last answer have been applied, by their places: the others are to come again, where the
    /// transport promises that. To be called once after each answer with events.
    ///
    /// # Errors
    /// As [`Listener::next`].
    fn settle<'a>(&'a mut self, _: &'a [bool]) -> Answer<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Where another listener has to begin to go on where this one is; nothing where the server knows, or nobody does.
    fn position(&self) -> Option<String> {
        None
    }
}

/// What a listener hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Rows that were written, in the order in which they came; not empty.
    Events(Vec<Event>),
    /// Here events may be missing that will not come: what was cached before is not to be trusted.
    Missed,
}

/// Who listens.
#[derive(Clone, Debug)]
pub struct Listening {
    /// The service, from 0.
    pub service: usize,
    /// The instance, from 0 over all services.
    pub instance: usize,
    /// Whether it shares the events of the service with the other instances that do, where the transport
    /// [`shares_out`](Transport::shares_out); else it hears all.
    pub shared: bool,
    /// Where it goes on, as told by [`Listener::position`]; nothing for from now on, or where the server knows.
    pub from: Option<String>,
}

/// What a transport connects with.
#[derive(Clone)]
pub struct Link {
    /// The server of the cache that carries events.
    pub cache: Endpoint,
    /// Where the rows are.
    pub database: String,
    /// In front of every name that we put into the cache.
    pub prefix: String,
    /// How many services listen.
    pub services: usize,
    /// What it sends is counted here, apart from what operations send.
    pub tally: Arc<Tally>,
    /// For work behind the callers' backs.
    pub tasks: Tasks,
    /// What the connections of the instance are told, where a transport [tracks](Transport::tracks_reads) what they read.
    pub tracked: Option<Arc<Tracked>>,
}

impl Link {
    /// With what the names of the entries of a service begin; the id of the row follows.
    pub fn names_of(&self, service: usize) -> String {
        match self.services {
            0 => self.prefix.clone(),
            _ => format!("{}s{service}:", self.prefix),
        }
    }

    /// The name of the channel or the stream that events go through.
    fn events(&self) -> String {
        format!("{}events", self.prefix)
    }
}

/// Every transport.
pub static TRANSPORTS: &[Entry<dyn Transport, ()>] =
    &[none::ENTRY, pubsub::ENTRY, stream::ENTRY, notify::ENTRY, outbox::ENTRY, cdc::ENTRY, tracking::ENTRY];
