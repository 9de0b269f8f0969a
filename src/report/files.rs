use std::io;
use std::path::Path;

use super::hgrm::percentiles;
use super::html::Html;
use super::json::Json;
use super::markdown::Markdown;
use super::{Format, csv};
use crate::measure::Summary;

/// Writes every report of a summary into a folder that exists: `result.json`, `table.md`, `report.html`, `windows.csv`,
/// and for each measurement an `.hlog` of its windows and an `.hgrm` for each of its histograms.
///
/// # Errors
/// When a file cannot be written.
pub fn write(summary: &Summary, folder: &Path) -> io::Result<()> {
    std::fs::write(folder.join("result.json"), Json.render(summary))?;
    std::fs::write(folder.join("table.md"), Markdown.render(summary))?;
    std::fs::write(folder.join("report.html"), Html.render(summary))?;
    std::fs::write(folder.join("windows.csv"), csv::windows(summary))?;
    let histograms = folder.join("histograms");
    std::fs::create_dir_all(&histograms)?;
    for (index, cell) in summary.cells.iter().enumerate() {
        for repeat in &cell.repeats {
            let name = format!("{:02}-{}-{}", index + 1, slug(&cell.label()), repeat.repeat);
            std::fs::write(histograms.join(format!("{name}.hlog")), repeat.log.to_file(&summary.started_at))?;
            for (histogram, values) in repeat.histograms.histograms() {
                std::fs::write(histograms.join(format!("{name}.{histogram}.hgrm")), percentiles(&values))?;
            }
        }
    }
    Ok(())
}

/// A label as a file name.
fn slug(label: &str) -> String {
    let mut slug: String = label
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .collect();
    while slug.contains("--") {
        slug = slug.replace("--", "-");
    }
    slug.trim_matches('-').chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_a_plain_file_name() {
        assert_eq!(slug("write-behind (flush_every=50ms) · 10s"), "write-behind-flush-every-50ms-10s");
    }
}
