use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text that settings are read from: the workload file, or one `--set`.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// What messages call it.
    pub name: String,
    pub text: String,
    /// The order of reading: the file is 0, the overrides follow as they were given.
    pub position: usize,
}

/// Where something was written.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    pub source: Arc<Source>,
    /// Bytes of the source's text; empty where there is only a point.
    pub span: Range<usize>,
}

impl Origin {
    pub fn new(source: &Arc<Source>, span: Range<usize>) -> Origin {
        Origin { source: source.clone(), span }
    }

    /// The text at this place.
    pub fn text(&self) -> &str {
        self.source.text.get(self.span.clone()).unwrap_or_default()
    }

    /// Line and column, both from 1; the column counts characters.
    pub fn line_and_column(&self) -> (usize, usize) {
        let before = self.source.text.get(..self.span.start).unwrap_or(&self.source.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// The order in which a reader meets it.
    pub(super) fn order(&self) -> (usize, usize, usize) {
        (self.source.position, self.span.start, self.span.end)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_and_column();
        write!(f, "{}:{line}:{column}", self.source.name)
    }
}

// The derived one would print the whole file for every value.
impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{:?}]", self.source.name, self.span)
    }
}
