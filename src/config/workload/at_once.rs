use super::Report;
use crate::config::Cell;
use crate::engine::Victim;
use crate::servers::Address;

/// Reports what cannot be measured at once: what shares a server that is not ours, or that one cell would disturb.
pub(super) fn check(at_once: u32, cells: &[Cell], report: &mut Report) {
    if at_once < 2 {
        return;
    }
    let mut refuse = |title: &str, help: &str| report.refuse("compare.at_once", title, help);
    let external = |address: &Address| matches!(address, Address::External(_));
    let of_others = |cell: &Cell| {
        let nodes = cell.workload.cache.named_nodes();
        nodes.iter().any(|node| external(&node.url)) || external(&cell.workload.database.url)
    };
    if cells.iter().any(of_others) {
        refuse("cells measured at once would share a server that is not ours", "use url = \"managed\"");
    }
    let mut faults =
        cells.iter().flat_map(|cell| cell.workload.faults().into_iter().chain(cell.workload.aftermath()));
    if faults.any(|fault| fault.victim == Victim::Database) {
        refuse(
            "a fault of the database would hit all cells that are measured at once",
            "measure one at a time: leave at_once out",
        );
    }
    let settings =
        |cell: &Cell| (cell.workload.database.settings.clone(), cell.workload.needed_database_settings());
    if cells.windows(2).any(|pair| settings(&pair[0]) != settings(&pair[1])) {
        refuse(
            "cells measured at once share one Postgres, and their database.settings differ, or what invalidation needs of it",
            "measure one at a time: leave at_once out",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problems, told};

    #[test]
    fn what_would_disturb_other_cells_is_refused() {
        let head = "name = \"w\"\n[data]\nrows = 9\n[traffic]\nload = { closed = { clients = 1 } }\nduration = \"1s\"\n\
            [compare]\nat_once = 2\n\"cache.ttl\" = [\"1s\", \"2s\"]\n";
        let problems_with = |tail: &str| problems(&format!("{head}{tail}"));
        assert_eq!(problems_with(""), "");
        assert_eq!(problems_with("[[fault]]\nat = \"100ms\"\nrestart = \"cache\"\n"), "");
        for (tail, expected) in [
            ("[cache]\nurl = \"redis://host\"\n", "share a server that is not ours"),
            ("[[fault]]\nat = \"100ms\"\nrestart = \"database\"\n", "would hit all cells"),
            ("\"database.settings.work_mem\" = [\"1MB\", \"2MB\"]\n", "settings differ"),
        ] {
            told(&problems_with(tail), 8, expected);
        }
    }
}
