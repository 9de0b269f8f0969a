use std::fmt::Display;
use std::thread;
use std::time::{Duration, Instant};

use redis::{Client, Cmd, Connection, FromRedisValue};

use crate::servers::error::ServerError;
use crate::servers::info::Info;
use crate::store::ClusterMember;

const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// MIGRATE of a batch is the longest that is asked for.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// A connection to a node of ours.
pub(super) struct Node {
    pub port: u16,
    connection: Connection,
}

impl Node {
    /// # Errors
    /// When nothing answers there.
    pub fn connect(port: u16) -> Result<Node, ServerError> {
        let failed = |error| failure(port, "connecting", &error);
        let client = Client::open(format!("redis://127.0.0.1:{port}/")).map_err(failed)?;
        let connection = client.get_connection_with_timeout(CONNECT_LIMIT).map_err(failed)?;
        connection.set_read_timeout(Some(ANSWER_LIMIT)).map_err(failed)?;
        connection.set_write_timeout(Some(ANSWER_LIMIT)).map_err(failed)?;
        Ok(Node { port, connection })
    }

    /// # Errors
    /// When one of them cannot be reached.
    pub fn connect_all(ports: &[u16]) -> Result<Vec<Node>, ServerError> {
        ports.iter().map(|&port| Node::connect(port)).collect()
    }

    /// # Errors
    /// When the node does not answer, or refuses.
    pub fn ask<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T, ServerError> {
        let port = self.port;
        command.query(&mut self.connection).map_err(|error| {
            let words: Vec<_> = command.args_iter().take(3).map(words).collect();
            failure(port, &words.join(" "), &error)
        })
    }

    /// CLUSTER with these words.
    ///
    /// # Errors
    /// As [`Node::ask`].
    pub fn cluster<T: FromRedisValue>(&mut self, words: &[&str]) -> Result<T, ServerError> {
        self.ask(redis::cmd("CLUSTER").arg(words))
    }

    /// Its name in the cluster.
    ///
    /// # Errors
    /// As [`Node::ask`].
    pub fn id(&mut self) -> Result<String, ServerError> {
        self.cluster(&["MYID"])
    }

    /// The cluster as it sees it.
    ///
    /// # Errors
    /// As [`Node::ask`].
    pub fn view(&mut self) -> Result<Vec<ClusterMember>, ServerError> {
        Ok(ClusterMember::read(&self.cluster::<String>(&["NODES"])?))
    }

    /// A line of CLUSTER INFO; empty where it is missing.
    ///
    /// # Errors
    /// As [`Node::ask`].
    pub fn cluster_info(&mut self, name: &str) -> Result<String, ServerError> {
        let text: String = self.cluster(&["INFO"])?;
        Ok(Info::read(&text).text(name).unwrap_or_default().to_string())
    }

    /// A line of INFO replication; empty where it is missing.
    ///
    /// # Errors
    /// As [`Node::ask`].
    pub fn replication(&mut self, name: &str) -> Result<String, ServerError> {
        let text: String = self.ask(redis::cmd("INFO").arg("replication"))?;
        Ok(Info::read(&text).text(name).unwrap_or_default().to_string())
    }
}

fn words(argument: redis::Arg<&[u8]>) -> String {
    match argument {
        redis::Arg::Simple(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    }
}

/// What a node of ours said to what it was asked.
pub(super) fn failure(port: u16, asked: &str, said: &dyn Display) -> ServerError {
    ServerError::Server { url: format!("redis://127.0.0.1:{port}"), problem: format!("{asked}: {said}") }
}

/// When waiting ends.
#[derive(Clone, Copy)]
pub(super) struct Deadline {
    at: Instant,
    limit: Duration,
}

impl Deadline {
    pub fn after(limit: Duration) -> Deadline {
        Deadline { at: Instant::now() + limit, limit }
    }

    /// Asks again and again until there is no word of what is missing.
    ///
    /// # Errors
    /// The last word, with the port it is of, when the time is up; any error of `missing` at once.
    pub fn wait(
        self,
        mut missing: impl FnMut() -> Result<Option<(u16, String)>, ServerError>,
    ) -> Result<(), ServerError> {
        while let Some((port, problem)) = missing()? {
            if Instant::now() >= self.at {
                let limit = format!("after {:?}", self.limit);
                return Err(failure(port, &limit, &problem));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }
}
