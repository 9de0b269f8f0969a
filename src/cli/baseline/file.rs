use std::path::Path;

use crate::cli::exit::{Exit, Failure};
use crate::config::Loaded;
use crate::measure::{BASELINE_FORMAT, Baseline};

/// Writes a baseline, and the folder that it goes into.
///
/// # Errors
/// When either cannot be written.
pub fn write(path: &Path, baseline: &Baseline) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Environment, format!("cannot write {}: {error}", path.display()))
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    // Numbers and texts under names: there is nothing in it that JSON cannot say.
    let text = serde_json::to_string_pretty(baseline).unwrap_or_default() + "\n";
    std::fs::write(path, text).map_err(failed)
}

/// Reads the baseline of a workload.
///
/// # Errors
/// When it cannot be read, is none, or is that of another workload.
pub fn read(path: &Path, loaded: &Loaded) -> Result<Baseline, Failure> {
    let wrong = |text: String| Failure::new(Exit::Usage, text);
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let save = format!("cachebench baseline save {}", loaded.path.display());
        wrong(format!("cannot read the baseline {shown}: {error}; make it by `{save}`"))
    })?;
    let json: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| wrong(format!("{shown} is no baseline: {error}")))?;
    match json.get("format").and_then(serde_json::Value::as_u64) {
        Some(format) if format == u64::from(BASELINE_FORMAT) => {}
        Some(format) => {
            return Err(wrong(format!(
                "{shown} has baseline format {format}, this cachebench reads {BASELINE_FORMAT}"
            )));
        }
        None => return Err(wrong(format!("{shown} is no baseline: it has no `format`"))),
    }
    let baseline: Baseline =
        serde_json::from_value(json).map_err(|error| wrong(format!("{shown} is no baseline: {error}")))?;
    if baseline.name != loaded.workload.name {
        let (own, other) = (&loaded.workload.name, &baseline.name);
        return Err(wrong(format!("{shown} is the baseline of `{other}`, and the workload is `{own}`")));
    }
    Ok(baseline)
}
