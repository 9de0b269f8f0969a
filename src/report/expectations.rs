use super::quantity::quantity;
use super::section::Section;
use crate::measure::{Expected, Summary};

/// What became of what was expected: a header and a row for each expectation and cell, where anything was.
pub fn expectations(summary: &Summary) -> Option<Section> {
    if summary.expectations.is_empty() {
        return None;
    }
    let mut rows = vec![["cell", "expectation", "measured", "verdict"].map(str::to_owned).to_vec()];
    rows.extend(
        summary.expectations.iter().map(|one| {
            vec![one.cell.clone(), one.expectation.to_string(), measured(one), verdict(one).into()]
        }),
    );
    Some(Section::new("Expectations", rows).with(remarks(summary)))
}

/// The worst value in its unit.
pub fn measured(expected: &Expected) -> String {
    expected.value.map_or("–".into(), quantity)
}

/// Whether it held, in a word or two.
pub fn verdict(expected: &Expected) -> &'static str {
    match expected.held {
        Some(true) => "held",
        Some(false) => "FAILED",
        None => "NOT TOLD",
    }
}

/// What is to be known of those whose value does not say it all: lines.
fn remarks(summary: &Summary) -> Vec<String> {
    let told = |one: &Expected| {
        let remark = one.remark.as_ref()?;
        let not_told = if one.held.is_none() { "not told: " } else { "" };
        Some(format!("{}, {}: {not_told}{remark}", one.cell, one.expectation.expectation.metric))
    };
    summary.expectations.iter().filter_map(told).collect()
}

/// How many held, for the last line; nothing where nothing was expected.
pub fn tally(summary: &Summary) -> Option<String> {
    let all = summary.expectations.len();
    let count = |held| summary.expectations.iter().filter(|one| one.held == held).count();
    let (failed, untold) = (count(Some(false)), count(None));
    let of = if all == 1 { "the expectation".into() } else { format!("of {all} expectations") };
    Some(match (all, failed, untold) {
        (0, ..) => return None,
        (1, 0, 0) => "the expectation held".into(),
        (1, 1, _) => "the expectation FAILED".into(),
        (1, ..) => "the expectation was NOT TOLD, which is no pass".into(),
        (_, 0, 0) => format!("all {all} expectations held"),
        (_, _, 0) => format!("{failed} {of} FAILED"),
        (_, 0, _) => format!("{untold} {of} NOT TOLD, which is no pass"),
        _ => format!("{failed} {of} FAILED, and {untold} NOT TOLD, which is no pass"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Metric, Unit};

    fn expected(text: &str, held: Option<bool>) -> Expected {
        Expected {
            expectation: text.parse().unwrap(),
            cell: "direct".into(),
            value: held.map(|_| Metric { value: 9_100.0, unit: Unit::Us }),
            held,
            remark: held.is_none().then(|| "too short".into()),
        }
    }

    fn summary(all: &[Option<bool>]) -> Summary {
        let expectations = all.iter().map(|&held| expected("read.response.p99 < 5ms", held)).collect();
        Summary { expectations, ..Summary::default() }
    }

    #[test]
    fn each_is_told_with_what_was_measured() {
        assert!(expectations(&Summary::default()).is_none());
        let section = expectations(&summary(&[Some(true), Some(false), None])).unwrap();
        assert_eq!(section.rows[1], ["direct", "read.response.p99 < 5ms", "9.10 ms", "held"]);
        assert_eq!(section.rows[2][3], "FAILED");
        assert_eq!(section.rows[3][2..], ["–", "NOT TOLD"]);
        assert_eq!(section.below, ["direct, read.response.p99: not told: too short"]);
    }

    #[test]
    fn the_last_line_counts_them() {
        let (held, failed, untold) = (Some(true), Some(false), None);
        for (all, expected) in [
            (&[held][..], "the expectation held"),
            (&[failed], "the expectation FAILED"),
            (&[held, held], "all 2 expectations held"),
            (&[held, failed], "1 of 2 expectations FAILED"),
            (&[held, untold], "1 of 2 expectations NOT TOLD, which is no pass"),
            (&[failed, untold], "1 of 2 expectations FAILED, and 1 NOT TOLD, which is no pass"),
        ] {
            assert_eq!(tally(&summary(all)).as_deref(), Some(expected));
        }
        assert_eq!(tally(&Summary::default()), None);
    }
}
