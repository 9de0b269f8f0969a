use super::document::Document;
use super::path::segments;
use super::problem::{Problem, Problems};
use super::source::Origin;

impl Document {
    /// Where the value at a dotted path was written; of what is missing, where its nearest parent was.
    pub fn origin_of(&self, path: &str) -> Origin {
        let mut node = self.root();
        for segment in segments(path).unwrap_or_default() {
            let Some(child) = node.child(&segment.name) else { break };
            node = child;
        }
        node.origin.clone()
    }
}

impl Problems {
    /// Reports what is wrong with the value at a dotted path, under that value.
    pub fn at(&mut self, document: &Document, path: &str, title: impl Into<String>, help: Option<&str>) {
        self.push(Problem { help: help.map(Into::into), ..Problem::new(document.origin_of(path), title) });
    }
}
