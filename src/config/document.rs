use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;

use super::node::{Key, Node, NodeValue, Table};
use super::path::{self, PathError, SettingPath, segments};
use super::problem::{Problem, Problems};
use super::source::{Origin, Source};
use super::syntax;

/// The settings of a workload file with its overrides, each value knowing where it was written.
#[derive(Clone, Debug)]
pub struct Document {
    pub(super) root: Node,
    overrides: usize,
}

impl Document {
    /// Reads a workload file. The path serves messages alone.
    ///
    /// # Errors
    /// Every syntax error of the text, and every value of a kind that no setting takes.
    pub fn parse(path: &Path, text: String) -> Result<Document, Problems> {
        let source = Arc::new(Source { name: path.display().to_string(), text, position: 0 });
        let (root, problems) = syntax::file(&source);
        problems.or(Document { root, overrides: 0 })
    }

    /// The value at a dotted path; items of a list go by their number, from 0.
    pub fn get(&self, path: &str) -> Option<&Node> {
        segments(path).ok()?.iter().try_fold(&self.root, |node, segment| node.child(&segment.name))
    }

    /// The table at the top.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Takes the value at a dotted path out of the document.
    pub fn remove(&mut self, path: &str) -> Option<Node> {
        let segments = segments(path).ok()?;
        let (last, parents) = segments.split_last()?;
        let parent =
            parents.iter().try_fold(&mut self.root, |node, segment| node.child_mut(&segment.name))?;
        match &mut parent.value {
            NodeValue::Table(table) => table.remove(&last.name),
            NodeValue::Array(items) => {
                let index = last.name.parse().ok().filter(|index| *index < items.len())?;
                Some(items.remove(index))
            }
            _ => None,
        }
    }

    /// Applies one `--set`, as in `traffic.duration=5s`.
    ///
    /// What is no TOML value is taken as text, so that the shell's quotes are enough; but what begins like a
    /// list, a table or quoted text must be one.
    ///
    /// # Errors
    /// When there is no path or no value, or where the path leads through a value that is no table.
    pub fn set(&mut self, assignment: &str) -> Result<(), Problems> {
        self.impose("--set", assignment)
    }

    /// As [`Document::set`], for what the flag called `by` asks for.
    ///
    /// # Errors
    /// As those of [`Document::set`].
    pub(super) fn impose(&mut self, by: &str, assignment: &str) -> Result<(), Problems> {
        self.overrides += 1;
        let source = Arc::new(Source { name: by.into(), text: assignment.into(), position: self.overrides });
        let Some(path) = path::before_equals(assignment) else {
            let problem = Problem::new(Origin::new(&source, 0..assignment.len()), "no value to set");
            return Err(problem.with_help("write it as `traffic.duration=5s`").into());
        };
        let keys = keys(&source, path)?;
        let offset = assignment.len() - assignment[path.len() + 1..].trim_start().len();
        let value = value(&source, offset)?;
        let written = match value.as_str() {
            Some(text) => format!("{text:?}"),
            None => assignment[offset..].to_owned(),
        };
        put(&mut self.root, &keys, value).map_err(|obstacle| obstacle.problem(&keys, Some(&written)).into())
    }

    /// A copy in which the value at a dotted path is another one, which still knows where it was written.
    ///
    /// # Errors
    /// When this is no path, or it leads through a value that is no table; shown at the value.
    pub fn with(&self, path: &str, value: &Node) -> Result<Document, Problems> {
        let segments = segments(path).map_err(|error| {
            Problem::new(value.origin.clone(), format!("`{path}` is no path of a setting"))
                .with_help(error.to_string())
        })?;
        let key = |name: &str| Key { name: name.into(), origin: value.origin.clone() };
        let keys: Vec<_> = segments.iter().map(|segment| key(&segment.name)).collect();
        let mut copy = self.clone();
        put(&mut copy.root, &keys, value.clone()).map_err(|obstacle| obstacle.problem(&keys, None))?;
        Ok(copy)
    }

    pub fn to_json(&self) -> Json {
        self.root.to_json()
    }
}

fn keys(source: &Arc<Source>, path: &str) -> Result<Vec<Key>, Problems> {
    let wrong = |error: PathError| {
        Problem::new(Origin::new(source, error.span), "no path of a setting").with_label(error.message)
    };
    let key = |segment: path::Segment| Key { name: segment.name, origin: Origin::new(source, segment.span) };
    Ok(segments(path).map_err(wrong)?.into_iter().map(key).collect())
}

fn value(source: &Arc<Source>, offset: usize) -> Result<Node, Problems> {
    let typed = source.text[offset..].trim_end();
    let origin = Origin::new(source, offset..offset + typed.len());
    if typed.is_empty() {
        let problem = Problem::new(origin, "a value is missing").with_label("expected a value");
        return Err(problem.with_help("an empty text is written \"\"").into());
    }
    let quoted = typed.starts_with(['"', '\'', '[', '{']);
    match syntax::value(source, offset) {
        Err(_) if !quoted => Ok(Node { value: NodeValue::String(typed.to_owned()), origin }),
        read => read,
    }
}

/// A value on the way to a setting that has no settings inside.
struct Obstacle {
    /// How many names of the path lead to it.
    depth: usize,
    found: String,
    /// A name can become a table with that name and options; other values cannot.
    is_name: bool,
    origin: Origin,
}

impl Obstacle {
    fn problem(self, keys: &[Key], written: Option<&str>) -> Problem {
        let path = |keys: &[Key]| keys.iter().map(|key| &key.name).collect::<SettingPath>();
        let (outer, inner) = (path(&keys[..self.depth]), path(&keys[self.depth..]));
        let title = format!("cannot set `{inner}` inside `{outer}`, which is {}", self.found);
        let problem =
            Problem::new(keys[self.depth].origin.clone(), title).with_context(self.origin, "this value");
        match written {
            Some(written) if self.is_name => {
                problem.with_help(format!("replace it whole: `{outer}={{ {inner} = {written} }}`"))
            }
            _ => problem,
        }
    }
}

/// Sets the value below `node`, making the tables that are missing on the way.
fn put(mut node: &mut Node, keys: &[Key], value: Node) -> Result<(), Obstacle> {
    for (depth, key) in keys.iter().enumerate() {
        let missing = node.child(&key.name).is_none();
        let obstacle = Obstacle {
            depth,
            found: node.describe(),
            is_name: node.as_str().is_some(),
            origin: node.origin.clone(),
        };
        match &mut node.value {
            NodeValue::Table(table) if missing => {
                let empty = NodeValue::Table(Table::default());
                table.insert(key.clone(), Node { value: empty, origin: key.origin.clone() });
            }
            NodeValue::Table(table) if depth + 1 == keys.len() => {
                table.insert(key.clone(), value);
                return Ok(());
            }
            NodeValue::Table(_) => {}
            NodeValue::Array(items) if missing => {
                let found = format!("a list of {}", items.len());
                return Err(Obstacle { found, is_name: false, ..obstacle });
            }
            NodeValue::Array(_) => {}
            _ => return Err(obstacle),
        }
        // Just made, or seen by `missing`; an obstacle all the same rather than a panic.
        node = node.child_mut(&key.name).ok_or(obstacle)?;
    }
    *node = value;
    Ok(())
}
