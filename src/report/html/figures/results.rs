use crate::report::html::chapter::Part;

/// The tables that a terminal shows first.
pub const PART: Part = Part {
    id: "results",
    title: "Results",
    sections: &["Results", "Capacity", "Exact counts", "Trade-offs"],
    lead: "One row for each cell: a combination of the compared settings. Numbers are medians over the repeats that count. \
           p50 is the median, p99 the time that one operation in a hundred exceeds.",
    figures: |_| Vec::new(),
};
