use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use tokio::time::timeout;

use crate::model::{Failure, StoreError};
use crate::store::redis::{connect, failed};
use crate::store::{CONNECT_TIMEOUT, ClusterMember, Endpoint};

/// The nodes of a cluster, each by itself.
pub struct Nodes {
    at: Endpoint,
    /// Those that were up when they were last asked for.
    known: Mutex<Vec<Endpoint>>,
}

impl Nodes {
    /// Finds them from those that the URL names.
    ///
    /// # Errors
    /// When the URL is malformed, or none of its nodes answers.
    pub async fn find(at: Endpoint) -> Result<Nodes, StoreError> {
        let named = at.nodes().map_err(|error| failed(&error))?;
        let nodes = Nodes { at, known: Mutex::new(named) };
        nodes.refresh().await?;
        Ok(nodes)
    }

    /// Those that are up, replicas too.
    pub fn known(&self) -> Vec<Endpoint> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for them again: those known, and then those of the URL, until one answers.
    ///
    /// # Errors
    /// When none does.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let named = self.at.nodes().map_err(|error| failed(&error))?;
        let mut problem = None;
        for node in self.known().iter().chain(&named) {
            match ask(node).await {
                Ok(members) => {
                    let is_up = |member: &&ClusterMember| !member.is_failed && !member.is_new;
                    // One that does not know its own address is where it was asked.
                    let found = members.iter().filter(is_up).map(|member| match &*member.host {
                        "" => node.clone(),
                        host => self.at.node(host, member.port),
                    });
                    *self.known.lock().unwrap_or_else(PoisonError::into_inner) = found.collect();
                    return Ok(());
                }
                Err(error) => problem = problem.or(Some(error)),
            }
        }
        Err(problem.unwrap_or_else(Nodes::none_is_up))
    }

    /// Those that are up, the cluster having been asked anew.
    ///
    /// # Errors
    /// When none answers.
    pub async fn up(&self) -> Result<Vec<Endpoint>, StoreError> {
        self.refresh().await?;
        Ok(self.known())
    }

    /// There was none to be asked.
    pub fn none_is_up() -> StoreError {
        StoreError::cache(Failure::Unavailable, "the cluster has no node that is up")
    }

    /// Tells all nodes that are up our scripts: a replica does not hear of them from its master, and may be the next.
    ///
    /// # Errors
    /// When one refuses. One that is gone is left out.
    pub async fn teach(&self) -> Result<(), StoreError> {
        let known = self.known();
        for taught in join_all(known.iter().map(open)).await {
            match taught {
                Err(error) if error.failure != Failure::Unavailable => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A connection to a node, which then knows our scripts.
async fn open(node: &Endpoint) -> Result<MultiplexedConnection, StoreError> {
    let client = node.redis().map_err(|error| failed(&error))?;
    match timeout(CONNECT_TIMEOUT, connect(&client)).await {
        Ok(connected) => connected.map_err(|error| failed(&error)),
        Err(_) => Err(StoreError::cache(Failure::Unavailable, "no connection in time")),
    }
}

async fn ask(node: &Endpoint) -> Result<Vec<ClusterMember>, StoreError> {
    let client = node.redis().map_err(|error| failed(&error))?;
    let asking = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd("CLUSTER").arg("NODES").query_async::<String>(&mut connection).await
    };
    match timeout(CONNECT_TIMEOUT, asking).await {
        Ok(answered) => answered.map(|text| ClusterMember::read(&text)).map_err(|error| failed(&error)),
        Err(_) => Err(StoreError::cache(Failure::Unavailable, "no answer in time")),
    }
}
