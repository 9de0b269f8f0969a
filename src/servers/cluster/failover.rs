use std::time::Duration;

use super::form::{link_missing, unknown};
use super::node::{Deadline, Node, failure};
use crate::servers::error::ServerError;
use crate::store::ClusterMember;

/// Has a replica of the master at a port take over without losing a write, and waits until it has; answers its port. The
/// old master becomes its replica.
///
/// # Errors
/// When there is no master at the port, or no replica of it that is up; when either does not answer or refuses, or
/// `limit` passes.
pub fn failover(master: u16, limit: Duration) -> Result<u16, ServerError> {
    let deadline = Deadline::after(limit);
    let mut old = Node::connect(master)?;
    let view = old.view()?;
    let own = view.iter().find(|member| member.is_asked).ok_or_else(|| unknown(master, master))?;
    let follows = |member: &&ClusterMember| member.replica_of.as_ref() == Some(&own.id) && !member.is_failed;
    let Some(replica) = view.iter().find(follows) else {
        return Err(failure(master, "CLUSTER FAILOVER", &"it has no replica that is up"));
    };
    let mut new = Node::connect(replica.port)?;
    deadline.wait(|| Ok(link_missing(&mut new)?.map(|problem| (replica.port, problem))))?;
    new.cluster::<String>(&["FAILOVER"])?;
    deadline.wait(|| {
        // It tells its slots to all only after it has taken them.
        let took_over = new.replication("role")? == "master";
        Ok((!took_over).then(|| (replica.port, "it is no master yet".into())))
    })?;
    deadline.wait(|| {
        let view = new.view()?;
        let taker = view.iter().find(|member| member.is_asked).map(|member| &member.id);
        let follows = |member: &ClusterMember| member.id == own.id && member.replica_of.as_ref() == taker;
        let follows = old.replication("role")? == "slave" && view.iter().any(follows);
        Ok((!follows).then(|| (master, "it has not become a replica yet".into())))
    })?;
    Ok(replica.port)
}
