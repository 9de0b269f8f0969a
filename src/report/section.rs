/// A table of a report, with what is said around it.
pub struct Section {
    pub title: String,
    /// The first is the header.
    pub rows: Vec<Vec<String>>,
    /// Whether its cells are texts, to be wrapped; else numbers, to be aligned.
    pub is_text: bool,
    /// What is told of a table, below it.
    pub below: Vec<String>,
    /// By which rules words follow from numbers; for documents.
    pub rules: &'static str,
}

impl Section {
    /// A table of numbers, and nothing else.
    pub fn new(title: impl Into<String>, rows: Vec<Vec<String>>) -> Section {
        Section { title: title.into(), rows, is_text: false, below: Vec::new(), rules: "" }
    }

    /// With lines below it.
    pub fn with(self, below: impl IntoIterator<Item = String>) -> Section {
        Section { below: below.into_iter().collect(), ..self }
    }
}
