use redis::Value;

use super::form::unknown;
use super::node::{Node, failure};
use crate::servers::error::ServerError;

/// Keys that travel together.
const BATCH: usize = 100;
/// How long one batch may take, in milliseconds.
const BATCH_LIMIT_MS: u64 = 5_000;

/// What was moved from one node to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resharded {
    pub slots: usize,
    pub keys: u64,
}

/// Moves slots with their keys from one master to another while both serve, the last that it holds first. It ends early,
/// between two slots, once `is_stopped` says so.
///
/// Clients meanwhile are sent on: for once, while a slot is on its way (ASK), and for good from then on (MOVED).
///
/// # Errors
/// When a node cannot be reached or refuses. A slot that was on its way stays so: its keys are found on either node.
pub fn reshard(
    from: u16,
    to: u16,
    slots: usize,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Resharded, ServerError> {
    let mut giving = Node::connect(from)?;
    let view = giving.view()?;
    let own = view.iter().find(|member| member.port == from).ok_or_else(|| unknown(from, from))?;
    let taker = view.iter().find(|member| member.port == to).ok_or_else(|| unknown(from, to))?;
    if from == to || !own.is_master || !taker.is_master {
        let problem = format!("slots go from one master to another, not from port {from} to port {to}");
        return Err(failure(from, "CLUSTER SETSLOT", &problem));
    }
    let others = view.iter().filter(|it| it.is_master && !it.is_failed && ![from, to].contains(&it.port));
    let others: Vec<u16> = others.map(|member| member.port).collect();
    let mut transfer = Transfer {
        giving,
        taking: Node::connect(to)?,
        others: Node::connect_all(&others)?,
        from: own.id.clone(),
        to: taker.id.clone(),
    };
    let mut done = Resharded::default();
    for slot in own.slots.iter().rev().flat_map(|range| range.clone().rev()).take(slots) {
        if is_stopped() {
            break;
        }
        done.keys += transfer.slot(slot)?;
        done.slots += 1;
    }
    Ok(done)
}

/// Two masters, by their connections and ids, and those that are to be told.
struct Transfer {
    giving: Node,
    taking: Node,
    others: Vec<Node>,
    from: String,
    to: String,
}

impl Transfer {
    /// Moves one slot; answers how many keys it had.
    fn slot(&mut self, slot: u16) -> Result<u64, ServerError> {
        let slot = slot.to_string();
        // In this order a client that is sent on is let in.
        self.taking.cluster::<()>(&["SETSLOT", &slot, "IMPORTING", &self.from])?;
        self.giving.cluster::<()>(&["SETSLOT", &slot, "MIGRATING", &self.to])?;
        let mut moved = 0;
        loop {
            let keys: Vec<Vec<u8>> = self.giving.cluster(&["GETKEYSINSLOT", &slot, &BATCH.to_string()])?;
            if keys.is_empty() {
                break;
            }
            let mut migrate = redis::cmd("MIGRATE");
            migrate.arg("127.0.0.1").arg(self.taking.port).arg("").arg(0).arg(BATCH_LIMIT_MS).arg("REPLACE");
            // NOKEY: all have expired or been removed meanwhile.
            self.giving.ask::<Value>(migrate.arg("KEYS").arg(&keys))?;
            moved += keys.len() as u64;
        }
        // The taker first: nobody is to be without the slot.
        let told = ["SETSLOT", &slot, "NODE", &self.to];
        self.taking.cluster::<()>(&told)?;
        match self.giving.cluster::<()>(&told) {
            // The others have told it already: without a slot it follows who took its last one (Redis 7).
            Err(error) if error.to_string().contains("only with masters") => {}
            done => done?,
        }
        for node in &mut self.others {
            node.cluster::<()>(&told)?;
        }
        Ok(moved)
    }
}
