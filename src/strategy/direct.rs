use std::sync::Arc;

use super::{Conduct, Parts, Strategy, write_row};
use crate::model::{BoxFuture, Found, Key, Operation, Outcome, Served};
use crate::registry::{self, Entry, NoOptions};
use crate::store::Database;

pub const ENTRY: Entry<dyn Strategy, Parts> = Entry {
    name: "direct",
    summary: "no cache: every read and write goes to the database; the control",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Direct { database: parts.database }))
    },
};

struct Direct {
    database: Arc<dyn Database>,
}

impl Strategy for Direct {
    fn conduct(&self) -> Conduct {
        Conduct::default()
    }

    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            match self.database.load(key).await {
                Ok(value) => Outcome::Read { served: Served::Miss, value },
                Err(error) => error.into(),
            }
        })
    }

    fn read_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let found = |value| Found { served: Served::Miss, value };
            match self.database.load_many(keys).await {
                Ok(rows) => Outcome::ReadMany(rows.into_iter().map(found).collect()),
                Err(error) => error.into(),
            }
        })
    }

    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            match write_row(&*self.database, operation).await {
                Ok(version) => Outcome::Written { version },
                Err(error) => error.into(),
            }
        })
    }
}
