use super::figure::Figure;
use crate::measure::Summary;
use crate::report::section::Section;

/// A part of a page: a heading, what is said first, its figures, its tables.
pub struct Chapter {
    /// The name in links: lower-case letters and hyphens.
    pub id: &'static str,
    pub title: String,
    /// Paragraphs before the figures.
    pub lead: Vec<String>,
    pub figures: Vec<Figure>,
    pub sections: Vec<Section>,
}

impl Chapter {
    /// Whether there is anything to see in it.
    pub fn is_empty(&self) -> bool {
        self.figures.is_empty() && self.sections.is_empty()
    }
}

/// A whole page, whatever it is about: a run, a comparison, a simulation.
pub struct Page {
    pub title: String,
    /// The question, as the workload asks it.
    pub question: Option<String>,
    /// The answer in a sentence.
    pub answer: String,
    /// The tone of the answer.
    pub tone: super::figure::Tone,
    pub chapters: Vec<Chapter>,
    /// How it came about, in pairs: "Started", "2026-11-26 …".
    pub facts: Vec<(String, String)>,
    /// The settings as a workload file, or nothing.
    pub settings: Option<String>,
    /// The commands that make it again.
    pub reproduce: Vec<String>,
}

/// How a chapter comes about from a summary: one file a part, listed in `figures`.
pub struct Part {
    /// The name in links: lower-case letters and hyphens.
    pub id: &'static str,
    pub title: &'static str,
    /// The titles of the tables that stand in it; each table of a summary stands in one part.
    pub sections: &'static [&'static str],
    /// What is said first; for those who do not know the terms.
    pub lead: &'static str,
    /// Its figures; none where there is nothing to draw.
    pub figures: fn(&Summary) -> Vec<Figure>,
}
