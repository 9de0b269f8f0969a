use crate::measure::{CellResult, Status};

/// How figures call a cell: by its label, and by what is wrong with its numbers, if anything.
pub fn told_label(cell: &CellResult) -> String {
    told_name(cell.label(), cell)
}

/// Another name of a cell, with what is wrong with its numbers.
pub fn told_name(name: String, cell: &CellResult) -> String {
    let of = cell.repeats.len();
    let bad = cell.repeats.iter().filter(|repeat| repeat.status != Status::Valid).count();
    match cell.status() {
        // The numbers are those of the valid ones alone.
        status if bad < of && bad > 0 => format!("{name} ({}, {bad} of {of})", status.name()),
        status => told_status(name, status),
    }
}

/// The name of a measurement, with what is wrong with it.
pub fn told_status(name: String, status: Status) -> String {
    match status {
        Status::Valid => name,
        status => format!("{name} ({})", status.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::RepeatResult;

    #[test]
    fn what_may_not_be_believed_says_so_in_its_name() {
        let told = |all: &[Status]| {
            let repeat = |&status: &Status| RepeatResult { status, ..RepeatResult::default() };
            let repeats = all.iter().map(repeat).collect();
            told_label(&CellResult { strategy: "direct".into(), repeats, ..CellResult::default() })
        };
        assert_eq!(told(&[]), "direct");
        assert_eq!(told(&[Status::Valid, Status::Valid]), "direct");
        assert_eq!(told(&[Status::Invalid]), "direct (invalid)");
        assert_eq!(
            told(&[Status::Valid, Status::Interrupted, Status::Valid]),
            "direct (interrupted, 1 of 3)"
        );
        assert_eq!(told(&[Status::Failed, Status::Failed]), "direct (failed)");
    }
}
