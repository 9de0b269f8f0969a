use crate::measure::comparison::{
    Better, Comparison, CountJudged, Judged, Outcome, Side, figure, percent, range,
};
use crate::report::comparison::sections;
use crate::report::html::chapter::{Chapter, Page};
use crate::report::html::figure::{Figure, Interval, Intervals, Plot, Scale, Tone};
use crate::report::html::sketch::{alone, axis, number};
use crate::report::quantity::duration_us;
use crate::report::section::Section;
use crate::report::shell::quoted;

/// The page of a comparison: what became of it, and of each tier.
pub fn page(comparison: &Comparison) -> Page {
    let mut chapters = Vec::new();
    if !comparison.warnings.is_empty() {
        chapters.push(Chapter {
            id: "warnings",
            title: "To be known first".into(),
            lead: comparison.warnings.clone(),
            figures: Vec::new(),
            sections: Vec::new(),
        });
    }
    chapters.extend(sections(comparison).into_iter().map(|table| chapter(comparison, table)));
    Page {
        title: format!("{}: {} against {}", comparison.name, comparison.head.label, comparison.base.label),
        question: comparison.question.clone(),
        answer: comparison.conclusion.clone(),
        tone: tone(comparison.outcome),
        chapters,
        facts: facts(comparison),
        settings: None,
        reproduce: command(comparison).into_iter().collect(),
    }
}

/// A tier with its table; a table without rows is left out, and what is said of it stands first.
fn chapter(comparison: &Comparison, table: crate::report::comparison::Section) -> Chapter {
    let (id, lead, figure) = match table.title {
        "Times" => ("times", TIMES, times(&comparison.times)),
        "Counts under concurrency" => ("counts", COUNTS, counts(&comparison.counts)),
        _ => ("exact-counts", EXACT, None),
    };
    let mut chapter = Chapter {
        id,
        title: table.title.into(),
        lead: vec![lead.into()],
        figures: figure.into_iter().collect(),
        sections: Vec::new(),
    };
    match table.rows.len() {
        0 | 1 => chapter.lead.extend(table.below),
        _ => chapter.sections.push(Section::new(table.title, table.rows).with(table.below)),
    }
    chapter
}

const EXACT: &str = "One client in logical time: these numbers follow from the operations alone, whatever the machine does, and \
     any difference is one.";
const COUNTS: &str = "Rates of runs with many clients differ from run to run; over several seeds it shows whether they differ by \
     more than chance.";
const TIMES: &str = "Times depend on the machine. Runs of both sides take turns, and base runs twice: how far it is from itself \
     shows how quiet the machine was.";

fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Unchanged => Tone::Plain,
        Outcome::Improved => Tone::Good,
        Outcome::Regressed => Tone::Bad,
        Outcome::Inconclusive | Outcome::TooNoisy => Tone::Doubtful,
    }
}

/// A change in percent, as an axis tells it.
fn change(value: f64) -> String {
    let sign = if value > 0.0 { "+" } else { "" };
    format!("{sign}{} %", number(value))
}

fn name(metric: &str, cell: &str, better: Better) -> String {
    let more = if better == Better::More { " (more is better)" } else { "" };
    format!("{metric} of {cell}{more}")
}

/// The change of each time with its interval, and that of base against itself below it.
fn times(times: &[Judged]) -> Option<Figure> {
    let mut rows = Vec::new();
    for time in times {
        if let Some((low, high)) = time.low.zip(time.high) {
            rows.push(Interval {
                label: name(&time.metric, &time.cell, time.better),
                low: low * 100.0,
                middle: time.change * 100.0,
                high: high * 100.0,
                verdict: time.outcome.name().into(),
                tone: tone(time.outcome),
            });
        }
        rows.extend(time.canary.map(|canary| Interval {
            label: "base against itself".into(),
            low: canary.low * 100.0,
            middle: canary.change * 100.0,
            high: canary.high * 100.0,
            verdict: if canary.ok { "alike" } else { "too noisy" }.into(),
            tone: if canary.ok { Tone::Plain } else { Tone::Doubtful },
        }));
    }
    let limit =
        times.first().map(|time| time.limit).filter(|limit| times.iter().all(|one| one.limit == *limit));
    let limits = limit.map(|limit| (-limit * 100.0, limit * 100.0));
    let of = |outcome: Outcome| times.iter().filter(move |time| time.outcome == outcome);
    let worse = of(Outcome::Regressed).chain(of(Outcome::Improved)).map(|time| {
        format!("{} of {} {} by {}", time.metric, time.cell, time.outcome.name(), percent(time.change))
    });
    let judged: Vec<String> = worse.collect();
    let counts = if limit.is_some() { " A change counts from the marked limits on." } else { "" };
    let description = format!(
        "The change of head over base with its interval of 95 %: where it has 0 within, no change is shown.{counts} {}",
        match judged.as_slice() {
            [] => "None got better or worse.".to_owned(),
            some => format!("{}.", some.join("; ")),
        }
    );
    drawn("Times of head against base", description, limits, rows)
}

/// The change of each count with its interval, by the rate of base; those of which base has none are in the table.
fn counts(counts: &[CountJudged]) -> Option<Figure> {
    let row = |one: &CountJudged| {
        let over = |value: f64| value / one.base.value * 100.0;
        one.ratio.map(|ratio| Interval {
            label: name(&one.metric, &one.cell, one.better),
            low: over(one.low),
            middle: (ratio - 1.0) * 100.0,
            high: over(one.high),
            verdict: one.outcome.name().into(),
            tone: tone(one.outcome),
        })
    };
    let rows: Vec<Interval> = counts.iter().filter_map(row).collect();
    let changed = counts.iter().filter(|one| matches!(one.outcome, Outcome::Regressed | Outcome::Improved));
    let changed: Vec<String> = changed
        .map(|one| {
            let (base, head) = (figure(one.law, one.base.value), figure(one.law, one.head.value));
            format!("{} of {} {}: {head} instead of {base}", one.metric, one.cell, one.outcome.name())
        })
        .collect();
    let left_out = match counts.len() - rows.len() {
        0 => String::new(),
        some => format!(" Not drawn, since base has none of them: {some}."),
    };
    let description = format!(
        "The rate of head over that of base with its interval of 98 %. {}{left_out}",
        match changed.as_slice() {
            [] => "None is shown to have changed.".to_owned(),
            some => format!("{}.", some.join("; ")),
        }
    );
    drawn("Counts of head against base", description, None, rows)
}

fn drawn(
    title: &str,
    description: String,
    limits: Option<(f64, f64)>,
    rows: Vec<Interval>,
) -> Option<Figure> {
    if rows.is_empty() {
        return None;
    }
    let mut table = vec![["", "change", "interval", "verdict"].map(str::to_owned).to_vec()];
    table.extend(rows.iter().map(|row| {
        let interval = range(row.low / 100.0, row.high / 100.0);
        vec![row.label.clone(), percent(row.middle / 100.0), interval, row.verdict.clone()]
    }));
    let x = axis("change of head over base", Scale::Linear, change);
    let panels = alone(Plot::Intervals(Intervals { x, zero: 0.0, limits, rows }));
    Some(Figure { title: title.into(), description, panels, table })
}

fn facts(comparison: &Comparison) -> Vec<(String, String)> {
    let side = |Side { label, cachebench, what }: &Side| {
        let parts = [label, cachebench].into_iter().chain(what).filter(|part| !part.is_empty());
        parts.cloned().collect::<Vec<_>>().join(" · ")
    };
    let turns = if comparison.interleaved { "in turns" } else { "one after the other, not in turns" };
    let facts = [
        ("Base", side(&comparison.base)),
        ("Head", side(&comparison.head)),
        ("Started", comparison.started_at.clone()),
        ("Took", duration_us(comparison.seconds * 1e6)),
        ("Runs of both sides", turns.to_owned()),
    ];
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The command that compares the same again; nothing where more than files and settings set the sides apart.
fn command(comparison: &Comparison) -> Option<String> {
    let (base, head) = (&comparison.base, &comparison.head);
    let ((file, settings), (other, others)) = (base.what.split_first()?, head.what.split_first()?);
    if !comparison.interleaved {
        // A stored result is told with the moment of its run.
        let folder = |told: &'_ str| told.rsplit_once(", ").map(|(path, _)| quoted(path));
        return Some(format!("cachebench compare {} {}", folder(file)?, folder(other)?));
    }
    let is_setting = |one: &String| one.contains('=') && !one.contains("***");
    if base.cachebench != head.cachebench || !settings.iter().chain(others).all(is_setting) {
        return None;
    }
    let second = if file == other { String::new() } else { format!(" {}", quoted(other)) };
    let flags = |flag: &str, all: &[String]| -> String {
        all.iter().map(|setting| format!(" {flag} {}", quoted(setting))).collect()
    };
    Some(format!(
        "cachebench compare {}{second}{}{}",
        quoted(file),
        flags("--base", settings),
        flags("--head", others)
    ))
}

#[cfg(test)]
mod tests;
