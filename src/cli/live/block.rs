use std::time::{Duration, Instant};

use super::eta::told;
use super::meter::meter;
use super::sparkline::sparkline;
use super::state::{Mark, Point, State};
use crate::cli::terminal::{Size, cut, wide};
use crate::experiment::Phase;
use crate::report::{duration_us, per_second, share};

/// A terminal with less than this shows one line.
const LEAST: Size = Size { columns: 60, rows: 10 };

/// The block is never higher.
const MOST_LINES: usize = 24;

/// Faults that are told below the plots: the last.
const MOST_FAULTS: usize = 3;

/// A bar that fills has so many columns: at least, and at most.
const METER: [usize; 2] = [8, 24];

/// A run as lines for a terminal of this size: a head, plots of the windows, and what was done to servers.
pub fn lines(state: &State, now: Instant, size: Size) -> Vec<String> {
    let Size { columns, rows } = size;
    if columns < LEAST.columns || rows < LEAST.rows {
        return vec![cut(&sentence(state, now), columns)];
    }
    let mut lines = head(state, now, columns);
    lines.extend(plots(state, columns));
    let first = state.faults.len().saturating_sub(MOST_FAULTS);
    lines.extend(state.faults[first..].iter().map(|struck| format!("  ▲ fault: {}", struck.told)));
    lines.truncate(MOST_LINES.min(rows - 1));
    lines.into_iter().map(|line| cut(line.trim_end(), columns)).collect()
}

/// A run in one line: where it is, what it does, what it sees, and how long it may take.
pub fn sentence(state: &State, now: Instant) -> String {
    let mut text = doing(state, now);
    if state.course.total > 0 {
        text = format!("{}: {text}", state.place());
    }
    let mut tell = |name: &str, label: &str, write: fn(f64) -> String| {
        if let Some(value) = state.latest.as_ref().and_then(|latest| latest.get(name)) {
            text += &format!(", {label}{}", write(value));
        }
    };
    tell("throughput.achieved", "", per_second);
    tell("read.response.p50", "p50 ", duration_us);
    tell("read.response.p99", "p99 ", duration_us);
    tell("hit_rate", "hits ", share);
    let left = state.course.left(now).map(|left| format!(", about {} left", told(left)));
    text + &left.unwrap_or_default()
}

/// What the measurement is about, and how far it is.
fn doing(state: &State, now: Instant) -> String {
    let Some((phase, since)) = &state.phase else { return "beginning".into() };
    let elapsed = now.saturating_duration_since(*since).as_secs();
    match (phase, expected(phase)) {
        (Phase::Seeding { rows }, _) if state.done > 0.0 => format!("seeding {} of {rows} rows", state.done),
        (_, Some(expected)) => format!("{} {elapsed}/{} s", phase.name(), expected.as_secs()),
        (Phase::Measuring { operations: Some(all), .. }, _) => {
            format!("measuring, {} of {all} operations", state.done)
        }
        _ if elapsed > 0 => format!("{} {elapsed} s", phase.name()),
        _ => phase.name().into(),
    }
}

fn expected(phase: &Phase) -> Option<Duration> {
    match phase {
        Phase::Warmup { expected } | Phase::Measuring { expected, .. } => *expected,
        _ => None,
    }
}

/// The share of the phase that is over, where it has an end.
fn progress(state: &State, now: Instant) -> Option<f64> {
    let (phase, since) = state.phase.as_ref()?;
    match (phase, expected(phase)) {
        (_, Some(expected)) => {
            Some(now.saturating_duration_since(*since).as_secs_f64() / expected.as_secs_f64())
        }
        (Phase::Seeding { rows }, _) => Some(state.done / *rows as f64),
        (Phase::Measuring { operations: Some(all), .. }, _) => Some(state.done / *all as f64),
        _ => None,
    }
}

/// What it does, a bar, and how long the rest takes: in one line if they fit, else in two.
fn head(state: &State, now: Instant, columns: usize) -> Vec<String> {
    let course = &state.course;
    let mut first = doing(state, now);
    if course.total > 0 {
        first = format!("{} · {first}", state.place());
    }
    let left = course.left(now).map(|left| format!("about {} left ", told(left))).unwrap_or_default();
    let rest = if course.total > 1 {
        format!("{left}({} of {} done)", course.done(), course.total)
    } else {
        left.trim_end().to_owned()
    };
    let [least, most] = METER;
    let bar = |room: usize| progress(state, now).map(|share| meter(share, room.clamp(least, most)));
    // A space stands on each side of the bar.
    let room = columns.saturating_sub(wide(&first) + wide(&rest) + 2);
    if room >= least {
        return vec![joined([Some(first), bar(room), Some(rest)])];
    }
    let second = joined([bar(columns.saturating_sub(wide(&rest) + 3)), Some(rest)]);
    if second.is_empty() { vec![first] } else { vec![first, format!("  {second}")] }
}

/// What there is, with a space in between.
fn joined(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// One plot.
struct Series {
    label: String,
    /// The newest value.
    value: String,
    of: fn(&Point) -> Option<f64>,
    /// Where its scale ends, if not at the highest value.
    most: Option<f64>,
}

impl Series {
    /// Nothing where no window told it.
    fn new(
        state: &State,
        label: &str,
        of: fn(&Point) -> Option<f64>,
        write: fn(f64) -> String,
        most: Option<f64>,
    ) -> Option<Series> {
        state.points.iter().find_map(of)?;
        let value = state.points.back().and_then(of).map_or("-".into(), write);
        Some(Series { label: label.into(), value, of, most })
    }
}

/// Rate, latency, hit rate and the database's queries over the windows, with the changes of phase and the faults below.
fn plots(state: &State, columns: usize) -> Vec<String> {
    let kind = state.points.iter().rev().find_map(|point| point.p99).map_or("read", |(kind, _)| kind);
    let p99 = if kind == "read" { "p99".into() } else { format!("{kind} p99") };
    let all: Vec<Series> = [
        Series::new(state, "rate", |point| point.rate, per_second, None),
        Series::new(state, &p99, |point| point.p99.map(|(_, us)| us), duration_us, None),
        Series::new(state, "hit rate", |point| point.hit_rate, share, Some(1.0)),
        Series::new(state, "DB queries", |point| point.queries_per_s, per_second, None),
    ]
    .into_iter()
    .flatten()
    .collect();
    let [names, values] = [|one: &Series| wide(&one.label), |one: &Series| wide(&one.value)]
        .map(|width: fn(&Series) -> usize| all.iter().map(width).max().unwrap_or_default());
    // Values that become shorter must not make the plots jump.
    let values = values.max(9);
    let room = columns.saturating_sub(2 + names + 2 + values + 3);
    let line = |one: &Series| {
        let plot = sparkline(state.points.iter().map(one.of), one.most, room);
        format!("  {:names$}  {:>values$}   {plot}", one.label, one.value)
    };
    let mut lines: Vec<String> = all.iter().map(line).collect();
    let shown = state.points.iter().skip(state.points.len().saturating_sub(room));
    let marks: String = shown
        .map(|point| match point.mark {
            Some(Mark::Fault) => '▲',
            Some(Mark::Phase) => '|',
            None => ' ',
        })
        .collect();
    if !marks.trim().is_empty() {
        lines.push(format!("{}{marks}", " ".repeat(columns - room)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Event;
    use crate::measure::{FaultRecord, Metrics, Unit, Window};

    fn window(at_s: f64) -> Window {
        let mut metrics = Metrics::default();
        metrics.put("operations", 2_000.0, Unit::Count);
        metrics.put("throughput.achieved", 2_000.0, Unit::PerS);
        metrics.put("read.response.p99", 500.0 + at_s, Unit::Us);
        metrics.put("hit_rate", 0.642, Unit::Ratio);
        metrics.put("db.queries", 720.0, Unit::Count);
        Window { at_s, length_s: 1.0, metrics }
    }

    /// A measurement after three windows of its warm-up and so many that count, with a fault in the first of them.
    fn state(label: &str, counted: usize) -> (State, Instant) {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut state = State::default();
        state.learn(&Event::Cell { order: 2, total: 6, label, repeat: 1, repeats: 3 }, start);
        state.learn(&Event::Phase(Phase::Warmup { expected: Some(3 * second) }), start);
        for at in 0..3 {
            state.learn(&Event::Window(&window(at.into())), start);
        }
        let phase = Phase::Measuring { expected: Some(15 * second), operations: None };
        state.learn(&Event::Phase(phase), start);
        state.learn(&Event::Window(&window(0.0)), start);
        let struck = FaultRecord { what: "kill cache".into(), at_s: 5.0, ..FaultRecord::default() };
        state.learn(&Event::Fault(&struck), start);
        for at in 1..counted {
            state.learn(&Event::Window(&window(at as f64)), start);
        }
        (state, start + 7 * second)
    }

    #[test]
    fn a_measurement_is_a_head_plots_marks_and_faults() {
        let (state, now) = state("cache-aside", 4);
        assert_eq!(
            lines(&state, now, Size { columns: 120, rows: 24 }),
            [
                "[2/6] cache-aside, repeat 1 of 3 · measuring 7/15 s ━━━━━━━━━━━───────────── (1 of 6 done)",
                "  rate         2.00 K/s   ███████",
                "  p99            503 us   ███████",
                "  hit rate       64.2 %   ▅▅▅▅▅▅▅",
                "  DB queries      720/s   ███████",
                "                             |▲",
                "  ▲ fault: kill cache at 5.0 s",
            ]
        );
    }

    #[test]
    fn no_line_is_wider_than_its_terminal_and_no_block_higher() {
        for label in
            ["cache-aside", "a very long label · of settings · that goes on and on · and 記憶装置 on", "記憶"]
        {
            for counted in [1, 40, 300] {
                let (state, now) = state(label, counted);
                for columns in [1, 20, 59, 60, 61, 80, 120, 200] {
                    for rows in [1, 5, 9, 10, 24, 50] {
                        let lines = lines(&state, now, Size { columns, rows });
                        let widest = lines.iter().map(|line| wide(line)).max();
                        assert!(widest <= Some(columns), "{columns}: {lines:#?}");
                        assert!(lines.len() < rows.max(2), "{rows}: {lines:#?}");
                    }
                }
            }
        }
    }

    #[test]
    fn plots_take_what_is_left_of_the_width_and_show_the_newest() {
        let (state, now) = state("cache-aside", 300);
        for columns in [60, 80, 120, 200] {
            let lines = lines(&state, now, Size { columns, rows: 24 });
            let rate = lines.iter().find(|line| line.starts_with("  rate")).unwrap();
            assert_eq!(wide(rate), columns);
            assert!(!lines.iter().any(|line| line.contains('|')), "the warm-up has gone out of sight");
        }
    }

    #[test]
    fn a_small_terminal_has_one_line() {
        let (state, now) = state("cache-aside", 4);
        let line = "[2/6] cache-aside, repeat 1 of 3: measuring 7/15 s, 2.00 K/s, p99 503 us, hits 64.2 %";
        assert_eq!(lines(&state, now, Size { columns: 100, rows: 9 }), [line]);
        assert_eq!(lines(&state, now, Size { columns: 40, rows: 24 }), [cut(line, 40)]);
    }

    #[test]
    fn before_the_first_measurement_there_is_the_phase() {
        let now = Instant::now();
        let mut state = State::default();
        state.learn(&Event::Phase(Phase::Floor), now);
        assert_eq!(lines(&state, now, Size::USUAL), ["measuring the harness"]);
        state.learn(&Event::Phase(Phase::Seeding { rows: 200 }), now);
        state.learn(&Event::Seeded(100), now);
        assert_eq!(lines(&state, now, Size::USUAL), ["seeding 100 of 200 rows ━━━━━━━━━━━━────────────"]);
    }
}
