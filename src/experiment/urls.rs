use super::ExperimentError;
use super::assignment::Assignment;
use super::servers::Servers;
use super::site::Site;
use super::sizing::settled;
use crate::config::Data;
use crate::measure::Sizing;
use crate::model::UnixClock;
use crate::registry::Choice;
use crate::store::postgres::Query;
use crate::store::{HotKeys, LogicalTime};

/// What decides what is in the tables before the first operation.
#[derive(PartialEq)]
pub struct Seeded {
    pub url: String,
    pub data: Data,
    pub query: Query,
    /// The recording that the sizes of rows are from, if they are.
    pub sized_by: Option<Choice>,
}

/// Where the servers of a cell listen.
#[derive(Clone)]
pub struct Urls {
    pub cache: Site,
    pub database: String,
    /// What entries live by, where that is not the machine's clock.
    pub time: Option<LogicalTime>,
}

impl Urls {
    /// Starts or enters the servers that a workload names; the cache with the limit that was found for it, if any.
    pub fn of(
        Assignment { workload, file, .. }: Assignment,
        sizing: Option<&Sizing>,
        hot: Option<HotKeys>,
        servers: &mut Servers,
    ) -> Result<Urls, ExperimentError> {
        let database = servers.database(workload)?;
        let cache = servers.cache(workload, &settled(&workload.cache, sizing), file, hot)?;
        let time = workload.is_logical().then(|| LogicalTime::by(UnixClock::logical()));
        Ok(Urls { cache, database, time })
    }

    /// What entries live by.
    pub fn clock(&self) -> UnixClock {
        self.time.as_ref().map(|time| time.clock().clone()).unwrap_or_default()
    }
}
