use super::{HANDING_OVER, Harm, ask, told};
use crate::experiment::fleet::FleetNode;
use crate::placement::SLOTS;
use crate::servers::{join, members, reshard};

impl Harm<'_> {
    /// A node of our own joins a cluster of our own, and takes over its share of the slots from each master.
    pub(super) fn join_cluster(&self, known: &[FleetNode], node: &FleetNode) -> Result<(), String> {
        let is_up = |node: &&FleetNode| !node.charge.lock().is_down;
        let first = known.iter().find(is_up).ok_or("no node of the cluster is up")?;
        join(first.port(), node.port(), HANDING_OVER).map_err(told)?;
        let members = ask(self.stop, members(&first.at))?;
        let masters: Vec<u16> = members
            .iter()
            .filter(|member| member.is_master && !member.is_failed && member.slot_count() > 0)
            .map(|member| member.port)
            .collect();
        let share = usize::from(SLOTS) / (masters.len() + 1);
        for (place, master) in masters.iter().enumerate() {
            // So that they add up.
            let slots = share * (place + 1) / masters.len() - share * place / masters.len();
            self.move_slots(*master, node.port(), slots)?;
        }
        Ok(())
    }

    pub(super) fn move_slots(&self, from: u16, to: u16, slots: usize) -> Result<(), String> {
        let done = reshard(from, to, slots, &|| self.stop.is_requested()).map_err(told)?;
        match done.slots == slots {
            true => Ok(()),
            false => Err(format!("{} of {slots} slots were moved", done.slots)),
        }
    }
}
