use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{Report, Workload};
use crate::config::Cell;
use crate::inventory::INVENTORIES;
use crate::registry::{Choice, choice_schema};

/// The stock of each row, and how a decrement of it is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InventorySettings {
    /// How a decrement gets from the cache into the database.
    #[schemars(schema_with = "inventories")]
    pub persist: Choice,
    /// Units of each row before the first operation.
    #[schemars(range(min = 1, max = 1_000_000_000_000_u64))]
    pub stock: u64,
    /// Most units that one decrement takes; each number from 1 to it is as likely as any other.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub quantity: u32,
}

impl Default for InventorySettings {
    fn default() -> InventorySettings {
        InventorySettings { persist: Choice::named("conditional"), stock: 1_000, quantity: 1 }
    }
}

fn inventories(generator: &mut SchemaGenerator) -> Schema {
    choice_schema(INVENTORIES, generator)
}

/// Reports what makes no sense about decrements.
pub(super) fn check(workload: &Workload, report: &mut Report) {
    let Workload { traffic, inventory, .. } = workload;
    if traffic.mix.decrement <= 0.0 {
        return;
    }
    if traffic.is_trace() && traffic.key_text("operations") != Some("mix") {
        let help = "let the mix decide: keys = { trace = { operations = \"mix\", file = \"…\" } }";
        report.refuse("traffic.mix.decrement", "a trace has no decrements", help);
    }
    if u64::from(inventory.quantity) > inventory.stock {
        let title = format!("a decrement takes up to {} units of {}", inventory.quantity, inventory.stock);
        let help = "lower inventory.quantity, or raise inventory.stock";
        report.refuse("inventory.quantity", title, help);
    }
}

/// Reports an inventory that no cell makes use of.
pub(super) fn check_together(cells: &[Cell], report: &mut Report) {
    if cells.iter().any(|cell| cell.workload.traffic.mix.decrement > 0.0) {
        return;
    }
    let compared = ["persist", "stock", "quantity"].map(|name| format!("compare.\"inventory.{name}\""));
    let described = std::iter::once("inventory").chain(compared.iter().map(String::as_str));
    for path in described {
        if report.is_set(path) {
            let title = "an inventory is described, but the mix has no decrements";
            report.refuse(path, title, "give them a weight: mix = { decrement = 1 }");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::refused;

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        let too_few = "[inventory]\nstock = 5\nquantity = 6\n[traffic]\nmix = { decrement = 1 }";
        let traced = "{ trace = { file = \"t\" } }\nmix = { decrement = 1 }";
        refused(&[
            ("[data]", "[inventory]\nstock = 5\n[data]", 2, "the mix has no decrements"),
            ("[traffic]", too_few, 6, "a decrement takes up to 6 units of 5"),
            ("\"uniform\"", traced, 6, "a trace has no decrements"),
        ]);
    }
}
