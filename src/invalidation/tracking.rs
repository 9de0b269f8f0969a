use std::sync::Arc;

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Deserialize;

use super::notify::Nobody;
use super::{Answer, Guarantee, Heard, Link, Listener, Listening, Publisher, Transport};
use crate::model::{Event, Failure, StoreError};
use crate::registry::{self, Entry};
use crate::store::{Broadcast, Told, Tracked};

pub const ENTRY: Entry<dyn Transport, ()> = Entry {
    name: "tracking",
    summary: "Redis client tracking: the server of the cache tells near caches which entries have changed",
    options: registry::schema_of::<Options>,
    build: |options, ()| {
        let Options { mode } = registry::options::<Options>(options)?;
        Ok(Box::new(Tracking(mode)))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Of what an instance is told.
    pub mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Of entries that it has read, over the connections that read them: the server keeps them in mind for each connection.
    Default,
    /// Of every entry of its service, over a connection apart: the server keeps nothing in mind.
    Broadcast,
}

impl Default for Options {
    fn default() -> Options {
        Options { mode: Mode::Default }
    }
}

/// Events of one answer, about.
const BATCH: usize = 256;

struct Tracking(Mode);

impl Transport for Tracking {
    fn guarantee(&self) -> Guarantee {
        Guarantee::AtMostOnce
    }

    fn follows_cache(&self) -> bool {
        true
    }

    fn tracks_reads(&self) -> bool {
        self.0 == Mode::Default
    }

    fn publisher<'a>(&'a self, _: &'a Link) -> Answer<'a, Box<dyn Publisher>> {
        Box::pin(std::future::ready(Ok(Box::new(Nobody) as _)))
    }

    fn listener<'a>(&'a self, link: &'a Link, listening: &'a Listening) -> Answer<'a, Box<dyn Listener>> {
        Box::pin(async move {
            let names = link.names_of(listening.service);
            Ok(match self.0 {
                Mode::Default => {
                    let untracked = || {
                        let what = "the connections of this instance do not track what they read";
                        StoreError::cache(Failure::Refused, what)
                    };
                    let tracked = link.tracked.clone().ok_or_else(untracked)?;
                    Box::new(Reading { tracked, names }) as Box<dyn Listener>
                }
                Mode::Broadcast => {
                    let broadcast = Broadcast::open(&link.cache, &names, link.tally.clone()).await?;
                    Box::new(Apart { broadcast, names })
                }
            })
        })
    }
}

/// Over the connections that read, which their driver replaces.
struct Reading {
    tracked: Arc<Tracked>,
    names: String,
}

impl Listener for Reading {
    fn next(&mut self) -> Answer<'_, Heard> {
        Box::pin(async move { Ok(heard(&self.tracked, &self.names).await.unwrap_or(Heard::Missed)) })
    }
}

/// Over a connection apart.
struct Apart {
    broadcast: Broadcast,
    names: String,
}

impl Listener for Apart {
    fn next(&mut self) -> Answer<'_, Heard> {
        Box::pin(async move {
            let lost = || StoreError::cache(Failure::Unavailable, "the connection that is told is lost");
            heard(self.broadcast.tracked(), &self.names).await.ok_or_else(lost)
        })
    }
}

/// What there is to hear by now; nothing once a connection is lost.
async fn heard(tracked: &Tracked, names: &str) -> Option<Heard> {
    let mut events = Vec::new();
    loop {
        let told = match tracked.come() {
            Some(told) => told,
            None if events.is_empty() => tracked.next().await,
            None => return Some(Heard::Events(events)),
        };
        match told {
            Told::Names(told) => {
                events.extend(told.iter().filter_map(|name| row(name, names)).map(Event::of_row))
            }
            Told::All => return Some(Heard::Missed),
            Told::Lost => return None,
        }
        if events.len() >= BATCH {
            return Some(Heard::Events(events));
        }
    }
}

/// The row of which an entry has this name, its own or one of its variants; nothing for what is no entry of a row, such as a
/// lock or the row's stock.
fn row(name: &Bytes, names: &str) -> Option<u64> {
    let rest = std::str::from_utf8(name.strip_prefix(names.as_bytes())?).ok()?;
    let is_mark = |mark: &str| mark != "stock" && mark.bytes().all(|byte| byte.is_ascii_lowercase());
    let id = match rest.split_once(':') {
        Some((mark, id)) if is_mark(mark) => id,
        Some(_) => return None,
        None => rest,
    };
    let is_number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    id.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Key;

    #[test]
    fn the_names_of_rows_are_told_from_all_others() {
        let named = |name: &str, names| row(&Bytes::copy_from_slice(name.as_bytes()), names);
        for id in [0, 17, u64::MAX] {
            assert_eq!(row(&Bytes::copy_from_slice(Key::new("cb:s1:", id).name()), "cb:s1:"), Some(id));
        }
        let slug = Key::new("cb:", 17).of_variant(1, "slug:");
        assert_eq!(row(&Bytes::copy_from_slice(slug.name()), "cb:"), Some(17));
        assert_eq!(
            (row(&slug.beside("lock"), "cb:"), row(&Key::new("cb:", 17).beside("lock"), "cb:")),
            (None, None)
        );
        assert_eq!(row(&Bytes::copy_from_slice(Key::new("cb:", 17).stock().name()), "cb:"), None);
        for other in
            ["cb:", "cb:+17", "cb:-17", "cb:17x", "cb:events", "cb:s1:17", "17", "cb:99999999999999999999"]
        {
            assert_eq!(named(other, "cb:"), None, "{other}");
        }
        assert_eq!(named("cb:s1:17", "cb:s0:"), None);
    }
}
