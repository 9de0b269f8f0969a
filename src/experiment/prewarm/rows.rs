use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::{Prewarm, Workload};
use crate::registry::{Choice, OptionsError};
use crate::traffic::traces::{self, TraceError, TraceKey};
use crate::traffic::{Replay, Traffic, hottest, locate};

/// The rows to load ahead, the most wanted first, and what a reader should know of the choice.
pub fn chosen(
    workload: &Workload,
    traffic: &Traffic,
    folders: &[PathBuf],
) -> Result<(Vec<u64>, Option<String>), OptionsError> {
    match &workload.cache.prewarm {
        Prewarm::None => Ok((Vec::new(), None)),
        Prewarm::Top { keys, share, period, .. } => {
            let before = traffic.asked_before(*period);
            if before.is_empty() {
                let text = "cache.prewarm: nothing was asked for before the first request; for a trace, leave requests \
                            out at its start by `skip`";
                return Err(OptionsError(text.into()));
            }
            let part = share.unwrap_or(1.0) * traffic.rows() as f64;
            let mut rows = hottest(&before);
            rows.truncate(keys.unwrap_or(part.ceil() as u64) as usize);
            Ok((rows, None))
        }
        Prewarm::Prefix { requests, .. } => Ok((traffic.asked_first(*requests), None)),
        Prewarm::Dump { file, keys, format, .. } => {
            let path = locate("dump of hot keys", file, folders)?;
            let names = dumped(&path, format, keys.unwrap_or(u64::MAX)).map_err(told)?;
            match traffic.replay() {
                Some(replay) => of_trace(&names, workload, replay, folders),
                None => Ok((of_rows(&names, traffic.rows(), &path.display().to_string())?, None)),
            }
        }
    }
}

fn told(error: TraceError) -> OptionsError {
    OptionsError(error.to_string())
}

/// The keys of a dump, each once, in their order.
fn dumped(path: &Path, format: &Choice, most: u64) -> Result<Vec<TraceKey>, TraceError> {
    let mut dump = traces::open(path, Some(format))?;
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    while (names.len() as u64) < most {
        let Some(request) = dump.next()? else { break };
        if seen.insert(request.key.clone()) {
            names.push(request.key);
        }
    }
    Ok(names)
}

/// Keys that are row ids.
fn of_rows(names: &[TraceKey], rows: u64, path: &str) -> Result<Vec<u64>, OptionsError> {
    let row = |name: &TraceKey| match name {
        TraceKey::Number(row) if *row < rows => Ok(*row),
        TraceKey::Number(row) => {
            Err(OptionsError(format!("{path}: there is no row {row}: there are {rows}, counted from 0")))
        }
        TraceKey::Text(text) => {
            let text = String::from_utf8_lossy(text);
            Err(OptionsError(format!("{path}: `{text}` is no row; write their numbers, counted from 0")))
        }
    };
    names.iter().map(row).collect()
}

/// What of a trace's options says where it is.
#[derive(Deserialize)]
struct Place {
    file: PathBuf,
    format: Option<Choice>,
}

/// The rows of keys of the trace, whose names are looked for in its file: a recording has only their numbers. Those
/// that it does not ask for have no row, and are left out.
fn of_trace(
    names: &[TraceKey],
    workload: &Workload,
    replay: &Replay,
    folders: &[PathBuf],
) -> Result<(Vec<u64>, Option<String>), OptionsError> {
    let place: Place = serde_json::from_value(workload.traffic.keys.options.clone())
        .map_err(|error| OptionsError(error.to_string()))?;
    let path = locate("trace file", &place.file, folders)?;
    let mut trace = traces::open(&path, place.format.as_ref()).map_err(told)?;
    let mut rows: HashMap<&TraceKey, Option<u64>> = names.iter().map(|name| (name, None)).collect();
    let mut missing = rows.len();
    for index in 0.. {
        let Some(of_request) = replay.row_at(index).filter(|_| missing > 0) else { break };
        let Some(request) = trace.next().map_err(told)? else { break };
        if let Some(row) = rows.get_mut(&request.key).filter(|row| row.is_none()) {
            *row = Some(of_request);
            missing -= 1;
        }
    }
    let found: Vec<u64> = names.iter().filter_map(|name| *rows.get(name)?).collect();
    if found.is_empty() {
        return Err(OptionsError(format!("none of the hot keys is a key of {}", path.display())));
    }
    let lost = names.len() - found.len();
    let note = format!("{lost} of the {} keys to load ahead are not in the trace", names.len());
    Ok((found, (lost > 0).then_some(note)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::load;
    use crate::experiment::parts;

    /// The rows that a workload over these keys loads ahead, beside files of hot keys and of a trace.
    fn rows(keys: &str, prewarm: &str) -> Result<(Vec<u64>, Option<String>), String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("hot.txt"), "9\n3\n9\n42\n").unwrap();
        fs::write(folder.path().join("names.txt"), "b\nzz\na\n").unwrap();
        fs::write(folder.path().join("t.txt"), "x\na\nb\na\nc\n").unwrap();
        fs::write(folder.path().join("late.txt"), "d\na\n").unwrap();
        fs::write(folder.path().join("t.csv"), "key,op\nx,get\na,set\nb,get\na,get\nc,set\nd,get\n").unwrap();
        let rows = if keys.contains("trace") { "" } else { "rows = 100" };
        let text = format!(
            "name = \"test\"\n[data]\n{rows}\n[traffic]\nkeys = {keys}\nload = {{ open = {{ rate = 10 }} }}\n\
             duration = \"1s\"\n[cache]\nprewarm = {prewarm}\n"
        );
        let file = folder.path().join("w.toml");
        let workload = load(Path::new("w.toml"), text, &[]).unwrap().workload;
        let traffic = parts::traffic(&workload, &file).unwrap();
        chosen(&workload, &traffic, &parts::folders(&file)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_dump_names_rows_or_the_keys_of_the_trace() {
        let (uniform, trace) = ("\"uniform\"", "{ trace = { file = \"t.txt\" } }");
        assert_eq!(rows(uniform, "{ dump = { file = \"hot.txt\" } }"), Ok((vec![9, 3, 42], None)));
        assert_eq!(rows(uniform, "{ dump = { file = \"hot.txt\", keys = 2 } }"), Ok((vec![9, 3], None)));
        let note = "1 of the 3 keys to load ahead are not in the trace".to_owned();
        assert_eq!(rows(trace, "{ dump = { file = \"names.txt\" } }"), Ok((vec![2, 1], Some(note))));
        for (keys, file, expected) in [
            (uniform, "names.txt", "`b` is no row"),
            (trace, "hot.txt", "none of the hot keys is a key of"),
            (uniform, "none.txt", "no dump of hot keys none.txt"),
        ] {
            let error = rows(keys, &format!("{{ dump = {{ file = \"{file}\" }} }}")).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let few = "{ sequential = {} }";
        assert!(rows(few, "{ prefix = { requests = 3 } }").unwrap().0.len() == 3);
    }

    #[test]
    fn the_rows_of_a_dump_are_those_of_the_recording_though_requests_are_left_out() {
        for options in ["", ", skip = 2", ", sets = \"skip\"", ", skip = 2, sets = \"skip\""] {
            let trace = format!("{{ trace = {{ file = \"t.csv\"{options} }} }}");
            assert_eq!(
                rows(&trace, "{ dump = { file = \"late.txt\" } }"),
                Ok((vec![4, 1], None)),
                "{options}"
            );
        }
    }

    #[test]
    fn a_row_that_does_not_exist_is_told() {
        let error = of_rows(&[TraceKey::Number(100)], 100, "hot.txt").unwrap_err();
        assert_eq!(error.to_string(), "hot.txt: there is no row 100: there are 100, counted from 0");
    }

    #[test]
    fn the_top_rows_are_a_count_or_a_share_of_all() {
        let top = |form: &str| rows("\"zipfian\"", &format!("{{ top = {{ {form}, period = 5_000 }} }}"));
        let (ten, tenth) = (top("keys = 10").unwrap().0, top("share = 0.1").unwrap().0);
        assert_eq!((ten.len(), &ten), (10, &tenth));
    }
}
