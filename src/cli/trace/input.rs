use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use crate::registry::Choice;

/// The trace that a verb reads.
#[derive(Debug, Args)]
pub struct Input {
    /// The trace; plain or compressed with gzip, xz or zstd.
    pub file: PathBuf,

    /// Its format, where the name and the content do not tell it; `cachebench list` lists them. With options as in a
    /// workload file: --format '{ csv = { key = 2, time = 0 } }'.
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    pub format: Option<Choice>,

    /// Read only this many requests from the start.
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
}

/// The format that an argument names, alone or as the table of a workload file.
///
/// # Errors
/// When it is such a table, and a wrong one.
pub fn format(text: &str) -> Result<Choice, String> {
    #[derive(Deserialize)]
    struct Setting {
        format: Choice,
    }
    if !text.trim_start().starts_with('{') {
        return Ok(Choice::named(text));
    }
    let setting: Setting = toml::from_str(&format!("format = {text}"))
        .map_err(|error| format!("{}; write it as csv, or as {{ csv = {{ key = 2 }} }}", error.message()))?;
    Ok(setting.format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_a_name_or_a_table() {
        assert_eq!(format("csv").unwrap(), Choice::named("csv"));
        let choice = format("{ csv = { key = 2 } }").unwrap();
        assert_eq!(choice.label(), "csv (key=2)");
        assert!(format("{ csv = ").unwrap_err().contains("write it as csv"));
    }
}
