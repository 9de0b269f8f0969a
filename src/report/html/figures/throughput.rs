use crate::measure::Summary;
use crate::report::html::chapter::Part;
use crate::report::html::figure::{Axis, Bars, Figure, Group, Panel, Plot, Scale};
use crate::report::html::label::told_label;
use crate::report::quantity::per_second;

pub const PART: Part = Part { id: "throughput", title: "Throughput", sections: &[], lead: "", figures };

fn figures(summary: &Summary) -> Vec<Figure> {
    let metric = |name: &str| summary.cells.iter().map(|cell| cell.median(name)).collect::<Vec<_>>();
    let (achieved, offered) = (metric("throughput.achieved"), metric("throughput.offered"));
    if achieved.iter().all(Option::is_none) {
        return Vec::new();
    }
    let is_offered = offered.iter().any(Option::is_some);
    let parts: &[&str] = if is_offered { &["offered", "achieved"] } else { &["achieved"] };
    let values =
        |place: usize| if is_offered { vec![offered[place], achieved[place]] } else { vec![achieved[place]] };
    let labels: Vec<String> = summary.cells.iter().map(told_label).collect();
    let groups: Vec<Group> = labels
        .iter()
        .enumerate()
        .map(|(place, label)| Group { label: label.clone(), values: values(place) })
        .collect();
    let mut table = vec![["cell"].iter().chain(parts).map(|&name| name.to_owned()).collect::<Vec<_>>()];
    for group in &groups {
        let mut row = vec![group.label.clone()];
        row.extend(group.values.iter().map(|value| value.map_or("–".into(), per_second)));
        table.push(row);
    }
    let description = match is_offered {
        true => {
            "What the schedule held, and how many operations a second came to an end. Less than was offered means that \
                 something was full."
        }
        false => {
            "Operations a second that came to an end. Each client starts its next when the last has ended, so a faster \
                  cell does more of them."
        }
    };
    let x =
        Axis { title: "operations a second".into(), scale: Scale::Linear, write: per_second, at_least: None };
    let parts = parts.iter().map(|&part| part.to_owned()).collect();
    vec![Figure {
        title: if is_offered { "Offered and achieved" } else { "Achieved" }.into(),
        description: description.into(),
        panels: vec![Panel {
            title: String::new(),
            plot: Plot::Bars(Bars { x, parts, are_stacked: false, groups }),
        }],
        table,
    }]
}
