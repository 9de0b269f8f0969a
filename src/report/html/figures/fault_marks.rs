use crate::measure::FaultRecord;
use crate::report::html::figure::Mark;

/// Faults of two cells that began no further apart than this, in seconds, are one mark.
const NEAR_S: f64 = 0.5;
/// More faults than these that not every cell had are not marked.
const OWN: usize = 4;
/// The longest name of a cell in a mark, in letters.
const LETTERS: usize = 20;

/// Marks over the time that all cells have in common, and what a reader is told of them.
pub fn fault_marks(cells: &[(String, &[FaultRecord])]) -> (Vec<Mark>, &'static str) {
    let Some(((_, first), others)) = cells.split_first() else { return (Vec::new(), "") };
    let is_common = |fault: &&FaultRecord| {
        fault.began_s.is_some() && others.iter().all(|(_, faults)| like(fault, faults).is_some())
    };
    let common: Vec<&FaultRecord> = first.iter().filter(is_common).collect();
    let mut marks: Vec<Mark> = common.iter().filter_map(|fault| shared(fault, others)).collect();
    let mut own = Vec::new();
    for (cell, faults) in cells {
        let is_own = |fault: &&FaultRecord| !common.iter().any(|one| is_like(one, fault));
        own.extend(faults.iter().filter(is_own).filter_map(|fault| {
            let label = format!("{}, {}", fault.what, shortened(cell));
            Some(Mark { from: fault.began_s?, until: fault.ended_s, label })
        }));
    }
    let told = match (marks.is_empty(), own.len()) {
        (true, 0) => "",
        (false, 0) => " Upright lines are the faults.",
        (_, 1..=OWN) => {
            " Upright lines are the faults; one that not every cell had is marked with whose it is."
        }
        (true, _) => " Faults are not marked: each cell had its own.",
        (false, _) => " Upright lines are the faults that every cell had; others are not marked.",
    };
    if own.len() <= OWN {
        marks.extend(own);
    }
    (marks, told)
}

/// A fault that every cell had: with its end only where it ended alike in all of them.
fn shared(fault: &FaultRecord, others: &[(String, &[FaultRecord])]) -> Option<Mark> {
    let ends_so = |end: &f64| {
        let ends = others.iter().map(|(_, faults)| like(fault, faults)?.ended_s);
        ends.into_iter().all(|other| other.is_some_and(|other| (other - end).abs() <= NEAR_S))
    };
    Some(Mark { from: fault.began_s?, until: fault.ended_s.filter(ends_so), label: fault.what.clone() })
}

fn like<'a>(fault: &FaultRecord, faults: &'a [FaultRecord]) -> Option<&'a FaultRecord> {
    faults.iter().find(|other| is_like(fault, other))
}

fn is_like(one: &FaultRecord, other: &FaultRecord) -> bool {
    let apart = one.began_s.zip(other.began_s).map(|(one, other)| (one - other).abs());
    one.what == other.what && apart.is_some_and(|apart| apart <= NEAR_S)
}

fn shortened(label: &str) -> String {
    match label.chars().count() > LETTERS {
        true => format!("{}…", label.chars().take(LETTERS - 1).collect::<String>()),
        false => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(what: &str, began_s: f64, ended_s: Option<f64>) -> FaultRecord {
        FaultRecord { what: what.into(), began_s: Some(began_s), ended_s, ..FaultRecord::default() }
    }

    fn told(cells: &[(&str, Vec<FaultRecord>)]) -> (Vec<(String, Option<f64>)>, &'static str) {
        let cells: Vec<(String, &[FaultRecord])> =
            cells.iter().map(|(name, faults)| ((*name).to_owned(), faults.as_slice())).collect();
        let (marks, told) = fault_marks(&cells);
        (marks.into_iter().map(|mark| (mark.label, mark.until)).collect(), told)
    }

    #[test]
    fn a_fault_of_all_cells_is_marked_once_and_lasts_only_where_it_lasts_alike() {
        let (marks, text) = told(&[
            ("a", vec![fault("kill cache", 5.0, Some(6.0)), fault("pause database", 8.0, Some(9.0))]),
            ("b", vec![fault("kill cache", 5.1, Some(6.1)), fault("pause database", 8.0, Some(11.0))]),
        ]);
        assert_eq!(marks, [("kill cache".into(), Some(6.0)), ("pause database".into(), None)]);
        assert_eq!(text, " Upright lines are the faults.");
    }

    #[test]
    fn a_fault_of_one_cell_says_whose_it_is() {
        let (marks, text) = told(&[("a", Vec::new()), ("b", vec![fault("kill cache", 5.0, None)])]);
        assert_eq!(marks, [("kill cache, b".into(), None)]);
        assert!(text.contains("whose it is"), "{text}");
        let (marks, _) =
            told(&[("cache-aside (guard=lock) · 4 nodes", vec![fault("f", 1.0, None)]), ("b", vec![])]);
        assert_eq!(marks[0].0, "f, cache-aside (guard=…");
    }

    #[test]
    fn faults_of_many_cells_at_many_moments_are_not_marked() {
        let cells: Vec<(&str, Vec<FaultRecord>)> =
            (0..6).map(|at| ("c", vec![fault("kill cache", f64::from(at) * 3.0, None)])).collect();
        assert_eq!(told(&cells), (Vec::new(), " Faults are not marked: each cell had its own."));
        assert_eq!(told(&[("a", Vec::new())]), (Vec::new(), ""));
    }
}
