use super::answer::answer;
use super::believe::believe;
use super::chapter::{Chapter, Page};
use super::compose::chapters;
use super::measured::{facts, reproduce, settings};
use crate::measure::Summary;
use crate::report::expectations::expectations;
use crate::report::follows::follows;
use crate::report::section::Section;

/// The page of a run, a sweep or a search for capacities.
pub fn page(summary: &Summary) -> Page {
    let (answer, tone) = answer(summary);
    let expected = expectations(summary).map(|section| Chapter {
        id: "expectations",
        title: "Expectations".into(),
        lead: vec!["What the workload expects of its cells, and what became of it.".into()],
        figures: Vec::new(),
        sections: vec![section],
    });
    let all =
        expected.into_iter().chain(chapters(summary)).chain(what_follows(summary)).chain([believe(summary)]);
    Page {
        title: summary.name.clone(),
        question: summary.question.clone(),
        answer,
        tone,
        chapters: all.collect(),
        facts: facts(summary),
        settings: settings(summary),
        reproduce: reproduce(summary),
    }
}

/// What must come out because of how the strategies work; nothing where the cells for it are missing.
fn what_follows(summary: &Summary) -> Option<Chapter> {
    let header = ["", "what must come out, and what did"].map(str::to_owned).to_vec();
    let told = |line: String| match line.split_once(": ") {
        Some((verdict, text)) => vec![verdict.to_owned(), text.to_owned()],
        None => vec![String::new(), line],
    };
    let rows: Vec<Vec<String>> = follows(summary).into_iter().map(told).collect();
    (!rows.is_empty()).then(|| Chapter {
        id: "follows",
        title: "What follows".into(),
        lead: vec![
            "What must come out because of how the strategies work, held against what was measured.".into(),
        ],
        figures: Vec::new(),
        sections: vec![Section {
            is_text: true,
            ..Section::new("What follows", [vec![header], rows].concat())
        }],
    })
}
