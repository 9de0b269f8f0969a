use super::document::Document;
use super::path::segments;
use super::problem::{Problem, Problems};
use super::source::Origin;

impl Document {
    /// Where the value at a dotted path was written; of what is missing, where its nearest parent was.
    pub fn origin_of(&self, path: &str) -> Origin {
        self.nearest(path).1
    }

    /// Where the name of the setting at a dotted path was written; else as [`Document::origin_of`].
    pub fn key_origin_of(&self, path: &str) -> Origin {
        self.nearest(path).0
    }

    fn nearest(&self, path: &str) -> (Origin, Origin) {
        let mut node = self.root();
        let mut found = (node.origin.clone(), node.origin.clone());
        for segment in segments(path).unwrap_or_default() {
            let Some(child) = node.child(&segment.name) else {
                return (found.1.clone(), found.1);
            };
            let key = node.as_table().and_then(|table| table.key(&segment.name));
            let key = key.map_or(&child.origin, |key| &key.origin);
            found = (key.clone(), child.origin.clone());
            node = child;
        }
        found
    }
}

impl Problems {
    /// Reports what is wrong with the value at a dotted path, under that value.
    pub fn at(&mut self, document: &Document, path: &str, title: impl Into<String>, help: Option<&str>) {
        self.push(Problem { help: help.map(Into::into), ..Problem::new(document.origin_of(path), title) });
    }

    /// The same, under the name of the setting instead of its value.
    pub fn at_key(&mut self, document: &Document, path: &str, title: impl Into<String>, help: Option<&str>) {
        self.push(Problem {
            help: help.map(Into::into),
            ..Problem::new(document.key_origin_of(path), title)
        });
    }
}
