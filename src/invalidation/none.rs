use super::{Answer, Guarantee, Heard, Link, Listener, Listening, Publisher, Transport};
use crate::model::Event;
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Transport, ()> = Entry {
    name: "none",
    summary: "nobody is told: an entry is old until its TTL",
    options: registry::schema_of::<NoOptions>,
    build: |options, ()| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Silence))
    },
};

struct Silence;

impl Transport for Silence {
    fn guarantee(&self) -> Guarantee {
        Guarantee::Nothing
    }

    fn publisher<'a>(&'a self, _: &'a Link) -> Answer<'a, Box<dyn Publisher>> {
        Box::pin(std::future::ready(Ok(Box::new(Silence) as _)))
    }

    fn listener<'a>(&'a self, _: &'a Link, _: &'a Listening) -> Answer<'a, Box<dyn Listener>> {
        Box::pin(std::future::ready(Ok(Box::new(Silence) as _)))
    }
}

impl Publisher for Silence {
    fn publish(&self, _: Event) -> Answer<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Listener for Silence {
    fn next(&mut self) -> Answer<'_, Heard> {
        Box::pin(std::future::pending())
    }
}
