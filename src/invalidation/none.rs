use super::{Answer, Guarantee, Heard, Link, Listener, Listening, Publisher, Transport};
use crate::model::Event;
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Transport, ()> = Entry {
    name: "none",
    summary: "nobody is told: an entry is old until its TTL",
    options: registry::schema_of::<NoOptions>,
    build: |options, ()| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(None))
    },
};

struct None;

impl Transport for None {
    fn guarantee(&self) -> Guarantee {
        Guarantee::Nothing
    }

    fn publisher<'a>(&'a self, _: &'a Link) -> Answer<'a, Box<dyn Publisher>> {
        Box::pin(std::future::ready(Ok(Box::new(None) as _)))
    }

    fn listener<'a>(&'a self, _: &'a Link, _: &'a Listening) -> Answer<'a, Box<dyn Listener>> {
        Box::pin(std::future::ready(Ok(Box::new(None) as _)))
    }
}

impl Publisher for None {
    fn publish(&self, _: Event) -> Answer<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Listener for None {
    fn next(&mut self) -> Answer<'_, Heard> {
        Box::pin(std::future::pending())
    }
}
