use crate::config::{Document, Problems};

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

    /// Whether the file or an override sets anything at `path`.
    pub fn is_set(&self, path: &str) -> bool {
        self.document.get(path).is_some()
    }
}
