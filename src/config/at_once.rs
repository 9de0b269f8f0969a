use super::{Cell, Document, Problems};
use crate::engine::Victim;
use crate::servers::Address;

/// Reports what cannot be measured at once: what shares a server that is not ours, or that one cell would disturb.
pub fn check(document: &Document, cells: &[Cell], at_once: u32, problems: &mut Problems) {
    if at_once < 2 {
        return;
    }
    let mut wrong = |title: &str, help: &str| {
        problems.at(document, "compare.at_once", title, Some(help));
    };
    let external = |address: &Address| matches!(address, Address::External(_));
    let of_others = |cell: &Cell| external(&cell.workload.cache.url) || external(&cell.workload.database.url);
    if cells.iter().any(of_others) {
        wrong("cells measured at once would share a server that is not ours", "use url = \"managed\"");
    }
    let mut faults =
        cells.iter().flat_map(|cell| cell.workload.faults().into_iter().chain(cell.workload.aftermath()));
    if faults.any(|fault| fault.victim == Victim::Database) {
        wrong(
            "a fault of the database would hit all cells that are measured at once",
            "measure one at a time: leave at_once out",
        );
    }
    let settings = |cell: &Cell| cell.workload.database.settings.clone();
    if cells.windows(2).any(|pair| settings(&pair[0]) != settings(&pair[1])) {
        wrong(
            "cells measured at once share one Postgres, and their database.settings differ",
            "measure one at a time: leave at_once out",
        );
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::load;

    #[test]
    fn what_would_disturb_other_cells_is_refused() {
        let head = "name = \"w\"\n[data]\nrows = 9\n[traffic]\nload = { closed = { clients = 1 } }\nduration = \"1s\"\n\
            [compare]\nat_once = 2\n\"cache.ttl\" = [\"1s\", \"2s\"]\n";
        let problems = |tail: &str| {
            let text = format!("{head}{tail}");
            load(Path::new("w.toml"), text, &[])
                .err()
                .map(|problems| problems.render(false))
                .unwrap_or_default()
        };
        assert_eq!(problems(""), "");
        assert_eq!(problems("[[fault]]\nat = \"100ms\"\nrestart = \"cache\"\n"), "");
        for (tail, told) in [
            ("[cache]\nurl = \"redis://host\"\n", "share a server that is not ours"),
            ("[[fault]]\nat = \"100ms\"\nrestart = \"database\"\n", "would hit all cells"),
            ("\"database.settings.work_mem\" = [\"1MB\", \"2MB\"]\n", "settings differ"),
        ] {
            let text = problems(tail);
            assert!(text.contains(told) && text.contains("w.toml:8:"), "{tail}: {text}");
        }
    }
}
