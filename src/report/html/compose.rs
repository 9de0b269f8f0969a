use super::chapter::{Chapter, Part};
use super::figures::PARTS;
use crate::measure::Summary;
use crate::report::section::Section;
use crate::report::sections::sections;

/// The chapters of a run: each part with its figures and tables, and what no part has asked for at the end.
pub fn chapters(summary: &Summary) -> Vec<Chapter> {
    let mut claimed: Vec<Vec<Section>> = PARTS.iter().map(|_| Vec::new()).collect();
    let mut rest = Vec::new();
    for section in sections(summary) {
        match claimant(PARTS, &section.title) {
            Some(place) => claimed[place].push(section),
            None => rest.push(section),
        }
    }
    let mut chapters: Vec<Chapter> =
        PARTS.iter().zip(claimed).map(|(part, sections)| chapter(part, summary, sections)).collect();
    chapters.push(Chapter {
        id: "more-numbers",
        title: "More numbers".into(),
        lead: Vec::new(),
        figures: Vec::new(),
        sections: rest,
    });
    chapters.retain(|chapter| !chapter.is_empty());
    chapters
}

fn chapter(part: &Part, summary: &Summary, sections: Vec<Section>) -> Chapter {
    let lead = if part.lead.is_empty() { Vec::new() } else { vec![part.lead.to_owned()] };
    // What was counted in logical time has no course and no times that could be drawn.
    let figures = if summary.is_exact() { Vec::new() } else { (part.figures)(summary) };
    Chapter { id: part.id, title: part.title.into(), lead, figures, sections }
}

/// The part in which a table stands: the first that names it, else the first whose name it begins with, as
/// "Over cache.ttl" begins with "Over".
fn claimant(parts: &[Part], title: &str) -> Option<usize> {
    let by = |is_it: &dyn Fn(&str) -> bool| {
        parts.iter().position(|part| part.sections.iter().any(|name| is_it(name)))
    };
    let begins = |name: &str| title.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', ',', ':']));
    by(&|name| name == title).or_else(|| by(&begins))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_stands_where_it_is_named_and_once() {
        let part = |sections| Part { id: "x", title: "X", sections, lead: "", figures: |_| Vec::new() };
        let parts = [part(&["Results", "Over"]), part(&["Over cache.ttl", "Results"])];
        let place = |title| claimant(&parts, title);
        assert_eq!(
            ["Results", "Over cache.ttl", "Over data.rows", "Overdue"].map(place),
            [Some(0), Some(1), Some(0), None]
        );
    }
}
