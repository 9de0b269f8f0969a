use crate::servers::connection::{self, failure};
use crate::servers::error::ServerError;
use crate::store::{ClusterMember, Endpoint};

/// The nodes of the cluster at an address, as the first node there that answers sees them.
///
/// # Errors
/// When no node can be reached, or it is no node of a cluster.
pub async fn members(at: &Endpoint) -> Result<Vec<ClusterMember>, ServerError> {
    let mut connection = connection::redis(at).await?;
    let nodes = redis::cmd("CLUSTER").arg("NODES").query_async::<String>(&mut connection).await;
    Ok(ClusterMember::read(&nodes.map_err(|error| failure(&at.url, &error))?))
}
