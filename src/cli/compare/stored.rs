use std::path::Path;

use crate::cli::exit::{Exit, Failure};
use crate::cli::results;
use crate::measure::Summary;
use crate::measure::comparison::{
    COMPARISON_FORMAT, Comparison, CountJudged, Outcome, Side, built_alike, by_repeat, check_comparable,
    compare_exact, counts, differences, exact_counts, judge, judge_counts, keep_common, series, side_by_side,
    untold,
};

/// The comparison that a folder or a file holds; nothing where it holds a result, or none of both.
///
/// # Errors
/// When it is of another version, or broken.
pub fn read(path: &Path) -> Result<Option<Comparison>, Failure> {
    const FILE: &str = "comparison.json";
    let file = if path.is_dir() { path.join(FILE) } else { path.to_path_buf() };
    if !file.is_file() || file.file_name().is_none_or(|name| name != FILE) {
        return Ok(None);
    }
    let wrong = |reason: String| Failure::new(Exit::Usage, format!("{}: {reason}", file.display()));
    let text = std::fs::read_to_string(&file).map_err(|error| wrong(error.to_string()))?;
    let comparison: Comparison =
        serde_json::from_str(&text).map_err(|error| wrong(format!("no comparison: {error}")))?;
    match comparison.format {
        COMPARISON_FORMAT => Ok(Some(comparison)),
        other => Err(wrong(format!("comparison format {other}, this cachebench reads {COMPARISON_FORMAT}"))),
    }
}

/// Compares two results that there are: exact counts first, then what their repeats tell.
///
/// # Errors
/// When one cannot be read, and when the two cannot be compared.
pub fn compare(base: &Path, head: &Path, metrics: &[String]) -> Result<Comparison, Failure> {
    let (mut old, mut new) = (results::read(base)?, results::read(head)?);
    check_comparable(&old, &new).map_err(|reason| {
        let text = format!("{} and {} cannot be compared: {reason}", base.display(), head.display());
        Failure::new(Exit::Usage, text)
    })?;
    let left_out = keep_common(&mut old, &mut new);
    let mut comparison = Comparison {
        format: COMPARISON_FORMAT,
        name: new.name.clone(),
        question: new.question.clone(),
        started_at: new.started_at.clone(),
        seconds: old.seconds + new.seconds,
        base: told("base", base, &old),
        head: told("head", head, &new),
        ..Comparison::default()
    };
    if !left_out.is_empty() {
        comparison
            .warnings
            .push(format!("left out, since only one of both has them: {}", left_out.join(", ")));
    }
    let mut not_told = Vec::new();
    let settings = differences("", &old.workload, &new.workload);
    let settings: Vec<&str> = settings.iter().map(|one| one.trim_start_matches('.')).collect();
    if !settings.is_empty() {
        comparison.warnings.push(format!("settings differ: {}", settings.join(", ")));
    }
    if old.is_exact() {
        comparison.exact =
            Some(compare_exact(&exact_counts(&old), &exact_counts(&new), built_alike(&old, &new)));
    } else {
        comparison.warnings.push(
            "these runs did not take turns: what the machine did meanwhile is part of their difference; \
             `cachebench compare` with the workload file runs both sides in turns"
                .into(),
        );
        if old.host != new.host {
            comparison.warnings.push("they were taken on different machines".into());
        }
        let (own, others) = (by_repeat(&old), by_repeat(&new));
        let blocks = side_by_side(&own, &others);
        not_told = untold(&blocks, metrics);
        comparison.counts = judge_counts(&counts(&blocks)).into_iter().map(open).collect();
        comparison.times =
            judge(&series(&blocks, metrics)).map_err(|error| Failure::new(Exit::Usage, error))?;
    }
    comparison.conclude();
    comparison.leave_open(&not_told);
    Ok(comparison)
}

/// How often entries expire for each read follows from how fast the machine is, which it may not have been alike.
fn open(mut count: CountJudged) -> CountJudged {
    if matches!(count.outcome, Outcome::Regressed | Outcome::Improved) {
        count.outcome = Outcome::Inconclusive;
        count.reason = format!("the runs did not take turns; {}", count.reason);
    }
    count
}

fn told(label: &str, path: &Path, summary: &Summary) -> Side {
    let what = vec![format!("{}, {}", path.display(), summary.started_at)];
    Side { label: label.into(), cachebench: summary.cachebench.clone(), what }
}
