use serde_json::{Map, Value as Json, json};

use crate::measure::{FaultRecord, RepeatResult, Trial, Window};

/// Which measurement an event is of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// How tables call the cell.
    pub cell: String,
    /// From 1.
    pub repeat: u32,
    pub phase: &'static str,
}

/// What happened in a run, as a line tells it.
pub enum Told<'a> {
    /// A measurement begins: its number, from 1, of how many, and how often its cell is measured.
    Cell {
        order: usize,
        total: usize,
        repeats: u32,
    },
    /// A trial of a search for a capacity begins.
    Trial {
        trial: usize,
        rate: f64,
    },
    /// A phase begins, and is expected to take so long.
    Phase {
        expected_s: Option<f64>,
    },
    Window(&'a Window),
    /// A fault has begun or ended.
    Fault(&'a FaultRecord),
    Measured(&'a RepeatResult),
    Tried(&'a Trial),
    /// Nothing more comes; so many lines were left out.
    End {
        dropped: u64,
    },
}

/// An event as one line of JSON, without its end; names and units are those of `result.json`.
pub fn event_line(at: &str, place: &Place, told: &Told) -> String {
    let mut line = Map::new();
    let mut put = |name: &str, value: Json| line.insert(name.to_owned(), value);
    put("event", told.name().into());
    put("at", at.into());
    if !matches!(told, Told::End { .. }) {
        put("cell", place.cell.as_str().into());
        put("repeat", place.repeat.into());
    }
    if matches!(told, Told::Phase { .. } | Told::Window(_) | Told::Fault(_)) {
        put("phase", place.phase.into());
    }
    let rest = match told {
        Told::Cell { order, total, repeats } => json!({"order": order, "total": total, "repeats": repeats}),
        Told::Trial { trial, rate } => json!({"trial": trial, "rate": rate}),
        Told::Phase { expected_s } => json!({"expected_s": expected_s}),
        Told::Window(window) => of(window),
        Told::Fault(record) => of(record),
        Told::Measured(result) => json!({
            "order": result.order,
            "status": result.status.name(),
            "seconds": result.seconds,
            "reasons": result.verdict.reasons,
            "notes": result.verdict.notes,
            "metrics": of(&result.metrics),
        }),
        Told::Tried(trial) => of(trial),
        Told::End { dropped } => json!({"dropped": dropped}),
    };
    if let Json::Object(rest) = rest {
        line.extend(rest);
    }
    Json::Object(line).to_string()
}

/// Names and numbers alone, which always are JSON.
fn of(value: impl serde::Serialize) -> Json {
    serde_json::to_value(value).unwrap_or_default()
}

impl Told<'_> {
    fn name(&self) -> &'static str {
        match self {
            Told::Cell { .. } => "cell",
            Told::Trial { .. } => "trial",
            Told::Phase { .. } => "phase",
            Told::Window(_) => "window",
            Told::Fault(_) => "fault",
            Told::Measured(_) => "measured",
            Told::Tried(_) => "tried",
            Told::End { .. } => "end",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Metrics, Unit};

    fn line(told: &Told) -> String {
        let place = Place { cell: "cache-aside · \"5 s\"".into(), repeat: 2, phase: "measuring" };
        event_line("2026-11-26T12:00:00.000Z", &place, told)
    }

    #[test]
    fn a_window_has_its_place_and_its_metrics_as_in_the_result() {
        let mut metrics = Metrics::default();
        metrics.put("hit_rate", 0.5, Unit::Ratio);
        let window = Window { at_s: 3.0, length_s: 1.0, metrics };
        assert_eq!(
            line(&Told::Window(&window)),
            "{\"event\":\"window\",\"at\":\"2026-11-26T12:00:00.000Z\",\"cell\":\"cache-aside · \\\"5 s\\\"\",\"repeat\":2,\
             \"phase\":\"measuring\",\"at_s\":3.0,\"length_s\":1.0,\"metrics\":{\"hit_rate\":{\"value\":0.5,\"unit\":\"ratio\"}}}"
        );
    }

    #[test]
    fn every_event_is_an_object_on_one_line() {
        let (record, result) = (FaultRecord::default(), RepeatResult::default());
        for (told, key) in [
            (Told::Cell { order: 1, total: 6, repeats: 3 }, "repeats"),
            (Told::Phase { expected_s: None }, "expected_s"),
            (Told::Trial { trial: 1, rate: 9.0 }, "rate"),
            (Told::Fault(&record), "at_s"),
            (Told::Measured(&result), "status"),
            (Told::End { dropped: 3 }, "dropped"),
        ] {
            let line = line(&told);
            let read: Json = serde_json::from_str(&line).unwrap();
            assert!(
                !line.contains('\n') && read.get(key).is_some() && read["event"] == told.name(),
                "{line}"
            );
        }
    }
}
