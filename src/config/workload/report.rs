use crate::config::{Document, Problems};
use crate::registry::{Choice, OptionsError};

/// Where a check reports what makes no sense, by the path of the setting.
pub struct Report<'a> {
    document: &'a Document,
    problems: &'a mut Problems,
}

impl<'a> Report<'a> {
    pub fn new(document: &'a Document, problems: &'a mut Problems) -> Report<'a> {
        Report { document, problems }
    }

    /// The value at `path` is wrong.
    pub fn wrong(&mut self, path: &str, title: impl Into<String>) {
        self.problems.at(self.document, path, title, None);
    }

    /// The value at `path` is wrong, and `help` says what to write instead.
    pub fn refuse(&mut self, path: &str, title: impl Into<String>, help: &str) {
        self.problems.at(self.document, path, title, Some(help));
    }

    /// What is chosen at `path` cannot be built. It is told at the option that the refusal names, or at the only one.
    pub fn unbuildable(&mut self, path: &str, choice: &Choice, refusal: &OptionsError) {
        let names = || choice.options.as_object().into_iter().flat_map(|options| options.keys());
        let words: Vec<&str> =
            refusal.0.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect();
        let named = names().find(|name| words.contains(&name.as_str()));
        let only = || names().next().filter(|_| names().count() == 1);
        // A part that is not there, as where the name stands alone, is left out of the place by itself.
        let option = named.or_else(only).map_or(String::new(), |name| format!(".{name}"));
        self.wrong(&format!("{path}.{}{option}", choice.name), refusal.to_string());
    }

    /// Whether the file or an override sets anything at `path`.
    pub fn is_set(&self, path: &str) -> bool {
        self.document.get(path).is_some()
    }
}
