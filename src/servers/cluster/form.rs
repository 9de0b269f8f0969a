use std::time::Duration;

use super::node::{Deadline, Node, failure};
use crate::placement::SLOTS;
use crate::servers::error::ServerError;

/// Makes a cluster of nodes that are ours and know of none yet: the first `masters` of them get even ranges of slots, the
/// rest become their replicas in turn. Returns once every node says that the cluster is whole and every replica has its
/// master's data.
///
/// # Errors
/// When there are fewer nodes than masters, or no master; when a node cannot be reached, refuses, or does not find the
/// others within `limit`: the error says which, and what it said.
pub fn form(ports: &[u16], masters: usize, limit: Duration) -> Result<(), ServerError> {
    if masters == 0 || ports.len() < masters {
        let problem = format!("a cluster of {masters} masters cannot be had from {} nodes", ports.len());
        return Err(ServerError::Known(problem));
    }
    let deadline = Deadline::after(limit);
    let mut nodes = Node::connect_all(ports)?;
    deal_slots(&mut nodes[..masters])?;
    introduce(&mut nodes, ports)?;
    deadline.wait(|| first_missing(&mut nodes, |node| knows_all(node, ports.len())))?;
    let ids = nodes[..masters].iter_mut().map(Node::id).collect::<Result<Vec<_>, _>>()?;
    for (node, master) in nodes[masters..].iter_mut().zip(ids.iter().cycle()) {
        node.cluster::<()>(&["REPLICATE", master])?;
    }
    deadline.wait(|| first_missing(&mut nodes, |node| is_whole(node, masters, ports.len())))
}

/// Even ranges, and an epoch of its own for each: two masters of one epoch would have to settle whose is the higher.
fn deal_slots(masters: &mut [Node]) -> Result<(), ServerError> {
    let count = masters.len();
    let start = |place: usize| usize::from(SLOTS) * place / count;
    for (place, node) in masters.iter_mut().enumerate() {
        let (first, last) = (start(place).to_string(), (start(place + 1) - 1).to_string());
        node.cluster::<()>(&["ADDSLOTSRANGE", &first, &last])?;
        node.cluster::<()>(&["SET-CONFIG-EPOCH", &(place + 1).to_string()])?;
    }
    Ok(())
}

/// Each pair, which is quicker than to wait until they hear of one another by gossip.
fn introduce(nodes: &mut [Node], ports: &[u16]) -> Result<(), ServerError> {
    for (place, node) in nodes.iter_mut().enumerate() {
        for other in &ports[place + 1..] {
            node.cluster::<()>(&["MEET", "127.0.0.1", &other.to_string()])?;
        }
    }
    Ok(())
}

/// What the first node says that is not there yet.
pub(super) fn first_missing(
    nodes: &mut [Node],
    mut missing: impl FnMut(&mut Node) -> Result<Option<String>, ServerError>,
) -> Result<Option<(u16, String)>, ServerError> {
    for node in nodes {
        if let Some(problem) = missing(node)? {
            return Ok(Some((node.port, problem)));
        }
    }
    Ok(None)
}

/// Whether a node has met so many, itself included.
pub(super) fn knows_all(node: &mut Node, count: usize) -> Result<Option<String>, ServerError> {
    let view = node.view()?;
    let known = view.iter().filter(|member| !member.is_new && member.is_linked).count();
    Ok((known < count).then(|| format!("it has met {known} of {count} nodes")))
}

/// Whether a node serves, and knows who serves and who follows whom.
fn is_whole(node: &mut Node, masters: usize, count: usize) -> Result<Option<String>, ServerError> {
    if let Some(problem) = state_missing(node)? {
        return Ok(Some(problem));
    }
    let view = node.view()?;
    let (serving, following) = (
        view.iter().filter(|member| member.is_master && !member.slots.is_empty()).count(),
        view.iter().filter(|member| member.replica_of.is_some()).count(),
    );
    if (serving, following) != (masters, count - masters) {
        let problem = format!("it knows of {serving} masters and {following} replicas");
        return Ok(Some(problem));
    }
    link_missing(node)
}

/// What a node says of the cluster unless it serves: one that has just come does not, for two seconds.
pub(super) fn state_missing(node: &mut Node) -> Result<Option<String>, ServerError> {
    let state = node.cluster_info("cluster_state")?;
    Ok((state != "ok").then(|| format!("cluster_state:{state}")))
}

/// What a replica lacks to have its master's data; nothing for a master.
pub(super) fn link_missing(node: &mut Node) -> Result<Option<String>, ServerError> {
    if node.replication("role")? == "master" {
        return Ok(None);
    }
    let link = node.replication("master_link_status")?;
    Ok((link != "up").then(|| format!("master_link_status:{link}")))
}

/// The port of a member of a cluster that is ours.
///
/// # Errors
/// When the node that was asked knows none of that port.
pub(super) fn unknown(asked: u16, port: u16) -> ServerError {
    failure(asked, "CLUSTER NODES", &format!("it knows of no node at port {port}"))
}
