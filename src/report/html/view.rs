use std::collections::BTreeSet;

use serde::Serialize;

use super::chapter::{Chapter, Page};
use super::figure::{Figure, Panel, Plot, Shape, Tone};
use super::svg;
use crate::report::section::Section;

/// A page as the template reads it.
#[derive(Serialize)]
pub struct PageView<'a> {
    title: &'a str,
    question: Option<&'a str>,
    answer: &'a str,
    tone: &'static str,
    chapters: Vec<ChapterView<'a>>,
    facts: Vec<(&'a str, &'a str)>,
    settings: Option<&'a str>,
    reproduce: &'a [String],
    style: &'static str,
    hatches: &'static str,
}

#[derive(Serialize)]
struct ChapterView<'a> {
    id: String,
    title: &'a str,
    lead: &'a [String],
    figures: Vec<FigureView<'a>>,
    tables: Vec<TableView<'a>>,
}

#[derive(Serialize)]
struct FigureView<'a> {
    id: String,
    title: &'a str,
    description: &'a str,
    legend: Vec<(String, String)>,
    panels: Vec<(&'a str, String)>,
    table: TableView<'a>,
}

#[derive(Serialize)]
struct TableView<'a> {
    title: &'a str,
    /// How it is announced; unique in the page.
    label: String,
    header: &'a [String],
    rows: Vec<RowView<'a>>,
    is_text: bool,
    below: &'a [String],
    rules: &'a str,
}

#[derive(Serialize)]
struct RowView<'a> {
    head: &'a str,
    /// A text and its class.
    cells: Vec<(&'a str, &'static str)>,
}

impl<'a> PageView<'a> {
    pub fn of(page: &'a Page) -> PageView<'a> {
        let mut taken: BTreeSet<String> = ["content", "answer", "measured"].map(str::to_owned).into();
        let mut labels = BTreeSet::new();
        PageView {
            title: &page.title,
            question: page.question.as_deref(),
            answer: &page.answer,
            tone: tone(page.tone),
            chapters: page
                .chapters
                .iter()
                .map(|chapter| ChapterView::of(chapter, free(&mut taken, chapter.id), &mut labels))
                .collect(),
            facts: page.facts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            settings: page.settings.as_deref(),
            reproduce: &page.reproduce,
            style: include_str!("style.css"),
            hatches: svg::HATCHES,
        }
    }
}

/// A name that nobody has yet, which it takes.
fn free(taken: &mut BTreeSet<String>, wanted: &str) -> String {
    let mut name = wanted.to_owned();
    for number in 2.. {
        if taken.insert(name.clone()) {
            break;
        }
        name = format!("{wanted}-{number}");
    }
    name
}

impl<'a> ChapterView<'a> {
    fn of(chapter: &'a Chapter, id: String, labels: &mut BTreeSet<String>) -> ChapterView<'a> {
        let figures = (1..).zip(&chapter.figures).map(|(number, figure)| {
            let label = free(labels, &format!("Numbers of: {}", figure.title));
            FigureView::of(figure, format!("{id}-figure-{number}"), label)
        });
        let figures = figures.collect();
        let tables = chapter.sections.iter().map(|section| {
            let label = free(labels, &format!("Table: {}", section.title));
            // What the chapter is called already need not be said again.
            let title = if section.title == chapter.title { "" } else { section.title.as_str() };
            TableView { is_text: section.is_text, ..TableView::of(title, label, section) }
        });
        let tables = tables.collect();
        ChapterView { id, title: &chapter.title, lead: &chapter.lead, figures, tables }
    }
}

impl<'a> FigureView<'a> {
    fn of(figure: &'a Figure, id: String, label: String) -> FigureView<'a> {
        let drawn = svg::draw(figure, &id);
        FigureView {
            legend: legend(figure),
            panels: figure.panels.iter().map(|panel| panel.title.as_str()).zip(drawn).collect(),
            title: &figure.title,
            description: &figure.description,
            table: TableView::rows(&figure.title, label, &figure.table),
            id,
        }
    }
}

impl<'a> TableView<'a> {
    fn of(title: &'a str, label: String, section: &'a Section) -> TableView<'a> {
        let rows = TableView::rows(title, label, &section.rows);
        TableView { below: &section.below, rules: section.rules, ..rows }
    }

    fn rows(title: &'a str, label: String, rows: &'a [Vec<String>]) -> TableView<'a> {
        let row = |row: &'a Vec<String>| RowView {
            head: row.first().map_or("", String::as_str),
            cells: row.iter().skip(1).map(|cell| (cell.as_str(), class(cell))).collect(),
        };
        TableView {
            title,
            label,
            header: rows.first().map_or(&[], Vec::as_slice),
            rows: rows.iter().skip(1).map(row).collect(),
            is_text: false,
            below: &[],
            rules: "",
        }
    }
}

/// The looks of lines and their names, each once; nothing where there is but one thing to see.
fn legend(figure: &Figure) -> Vec<(String, String)> {
    // A panel for each line has its name above it.
    let is_alone = |panel: &Panel| matches!(&panel.plot, Plot::Chart(chart) if chart.series.len() == 1);
    if figure.panels.len() > 1 && figure.panels.iter().all(|panel| is_alone(panel) && !panel.title.is_empty())
    {
        return Vec::new();
    }
    let mut entries: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, swatch: String| {
        let is_known = entries.iter().any(|(known, look)| known == name && *look == swatch);
        if !is_known && !name.is_empty() {
            entries.push((name.to_owned(), swatch));
        }
    };
    for panel in &figure.panels {
        match &panel.plot {
            Plot::Chart(chart) => {
                chart.series.iter().for_each(|one| add(&one.name, svg::line_swatch(one.colour, one.shape)));
            }
            Plot::Bars(bars) if bars.parts.len() > 1 => {
                let swatch = |number| match svg::is_dotted(bars) {
                    true => svg::line_swatch(number, Shape::Points),
                    false => svg::part_swatch(number),
                };
                bars.parts.iter().enumerate().for_each(|(number, part)| add(part, swatch(number)));
            }
            Plot::Bars(_) | Plot::Intervals(_) => {}
        }
    }
    entries
}

/// How a cell of a table stands out, by what it says.
fn class(text: &str) -> &'static str {
    match text {
        "valid" | "held" | "holds" | "agree" => "good",
        "FAILED" | "DOES NOT HOLD" | "INVALID" | "invalid" | "failed" | "differ" => "bad",
        "NOT TOLD" | "not seen" | "interrupted" => "doubtful",
        text if text.starts_with("INVALID (") || text.starts_with("FAILED (") => "bad",
        // Bars made of letters stand in columns.
        text if text.contains(|letter| ('▁'..='█').contains(&letter)) => "plot",
        _ => "",
    }
}

fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Doubtful => "doubtful",
    }
}
