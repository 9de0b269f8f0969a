use std::time::Duration;

use super::form::{first_missing, knows_all, state_missing, unknown};
use super::node::{Deadline, Node, failure};
use crate::servers::error::ServerError;

/// Brings a node that is ours and knows of none yet into a cluster, without slots, and waits until all know it.
///
/// # Errors
/// When a node cannot be reached or refuses, or `limit` passes.
pub fn join(known: u16, new: u16, limit: Duration) -> Result<(), ServerError> {
    let deadline = Deadline::after(limit);
    let mut ports = up(&mut Node::connect(known)?)?;
    ports.push(new);
    let mut nodes = Node::connect_all(&ports)?;
    let count = nodes[0].view()?.len() + 1;
    let (others, joining) = nodes.split_at_mut(ports.len() - 1);
    for node in others {
        // A node that is down is met when it is back, by gossip.
        node.cluster::<()>(&["MEET", "127.0.0.1", &joining[0].port.to_string()])?;
    }
    let down = count - ports.len();
    deadline.wait(|| first_missing(&mut nodes, |node| knows_all(node, count - down)))?;
    // Before that, it takes over no slot that has keys.
    deadline.wait(|| Ok(state_missing(&mut nodes[ports.len() - 1])?.map(|problem| (new, problem))))
}

/// Takes a node out of a cluster: all others forget it, and it forgets them if it is up.
///
/// # Errors
/// When it holds slots or has replicas; when a node cannot be reached or refuses, or `limit` passes.
pub fn leave(known: u16, gone: u16, limit: Duration) -> Result<(), ServerError> {
    let deadline = Deadline::after(limit);
    let mut asked = Node::connect(known)?;
    let view = asked.view()?;
    let leaving = view.iter().find(|member| member.port == gone).ok_or_else(|| unknown(known, gone))?;
    if !leaving.slots.is_empty() {
        let problem = format!("it holds {} slots; reshard them to others first", leaving.slot_count());
        return Err(failure(gone, "CLUSTER FORGET", &problem));
    }
    if view.iter().any(|member| member.replica_of.as_ref() == Some(&leaving.id)) {
        return Err(failure(gone, "CLUSTER FORGET", &"it has replicas; take them out first"));
    }
    let ports: Vec<u16> = up(&mut asked)?.into_iter().filter(|&port| port != gone).collect();
    let mut nodes = Node::connect_all(&ports)?;
    for node in &mut nodes {
        node.cluster::<()>(&["FORGET", &leaving.id])?;
    }
    // Were it down, nobody would be there to be told.
    if let Ok(mut node) = Node::connect(gone) {
        node.ask::<()>(redis::cmd("CLUSTER").arg("RESET").arg("SOFT"))?;
    }
    deadline.wait(|| {
        first_missing(&mut nodes, |node| {
            let is_known = node.view()?.iter().any(|member| member.id == leaving.id);
            Ok(is_known.then(|| format!("it still knows the node at port {gone}")))
        })
    })
}

/// The ports of the nodes that one node holds to be up.
fn up(asked: &mut Node) -> Result<Vec<u16>, ServerError> {
    let view = asked.view()?;
    Ok(view.iter().filter(|member| !member.is_failed && !member.is_new).map(|member| member.port).collect())
}
