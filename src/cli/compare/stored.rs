use std::path::Path;

use serde_json::Value as Json;

use crate::cli::exit::{Exit, Failure};
use crate::cli::results;
use crate::measure::Summary;
use crate::measure::comparison::{
    COMPARISON_FORMAT, Comparison, CountJudged, Outcome, Side, built_alike, by_repeat, check_comparable,
    compare_exact, counts, differences, exact_counts, judge, judge_counts, keep_common, series, side_by_side,
    untold,
};

/// The comparison that a folder or a JSON file holds; nothing where it holds a result, or none of both.
///
/// # Errors
/// When it is of another version, or broken.
pub fn read(path: &Path) -> Result<Option<Comparison>, Failure> {
    let file = if path.is_dir() { path.join(results::COMPARISON) } else { path.to_path_buf() };
    if !file.is_file() || file.extension().is_none_or(|extension| extension != "json") {
        return Ok(None);
    }
    let is_named = file.file_name().is_some_and(|name| name == results::COMPARISON);
    let wrong = |reason: String| Failure::new(Exit::Usage, format!("{}: {reason}", file.display()));
    let text = std::fs::read_to_string(&file).map_err(|error| error.to_string());
    let json = text.and_then(|text| {
        serde_json::from_str::<Json>(&text).map_err(|error| format!("no comparison: {error}"))
    });
    let json = match json {
        Ok(json) if is_named || is_comparison(&json) => json,
        Err(reason) if is_named => return Err(wrong(reason)),
        _ => return Ok(None),
    };
    match json.get("format").and_then(Json::as_u64) {
        Some(version) if version == u64::from(COMPARISON_FORMAT) => {}
        Some(other) => {
            return Err(wrong(format!(
                "comparison format {other}, this cachebench reads {COMPARISON_FORMAT}"
            )));
        }
        None => return Err(wrong("no comparison: it has no `format`".into())),
    }
    serde_json::from_value(json).map(Some).map_err(|error| wrong(format!("no comparison: {error}")))
}

/// Whether a JSON file is a comparison, whatever it is called.
fn is_comparison(json: &Json) -> bool {
    ["base", "head", "outcome"].iter().all(|key| json.get(key).is_some())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_is_known_by_what_is_in_it_and_its_version_is_told_before_its_shape() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            file
        };
        let written = Comparison { format: COMPARISON_FORMAT, name: "gate".into(), ..Comparison::default() };
        let text = serde_json::to_string(&written).unwrap();
        assert_eq!(read(&put("kept.json", &text)).unwrap(), Some(written));
        for other in ["{}", "no JSON", "[]"] {
            assert_eq!(read(&put("result.json", other)).unwrap(), None, "{other}");
        }
        assert_eq!(read(folder.path()).unwrap(), None);
        let later = put("comparison.json", r#"{ "format": 99, "base": 1, "head": 2, "outcome": 3 }"#);
        for path in [folder.path(), &later] {
            let reason = format!("{:?}", read(path).unwrap_err());
            assert!(reason.contains("comparison format 99"), "{reason}");
        }
        assert!(read(&put("comparison.json", "{}")).is_err());
    }
}
