use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::node::{Key, Node, NodeValue, Table};
use super::problem::{Problem, Problems};
use super::source::{Origin, Source};
use crate::registry::closest;

/// The tree of a whole file, as far as it can be read, and all that is wrong with its syntax.
pub(super) fn file(source: &Arc<Source>) -> (Node, Problems) {
    let mut reader = Reader { source, offset: 0, problems: Problems::new() };
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let tree = Node { value: NodeValue::Table(reader.table(table.get_ref())), origin: reader.origin(0..0) };
    let mut problems = explain(source, errors, &tree);
    // A value on a line that could not be read is the parser's guess.
    let line = |problem: &Problem| problem.origin.line_and_column().0;
    let broken: Vec<_> = problems.sorted().into_iter().map(line).collect();
    let unusable = reader.problems.sorted().into_iter().filter(|problem| !broken.contains(&line(problem)));
    problems.extend(unusable.cloned());
    (tree, problems)
}

/// The value that fills the source from `offset` on.
///
/// # Errors
/// When it is no TOML value, or one that a workload file has no use for.
pub(super) fn value(source: &Arc<Source>, offset: usize) -> Result<Node, Problems> {
    let mut reader = Reader { source, offset, problems: Problems::new() };
    match DeValue::parse(source.text[offset..].trim_end()) {
        Ok(value) => {
            let node = reader.node(&value);
            reader.problems.or(node)
        }
        Err(error) => {
            let origin = reader.origin(error.span().unwrap_or_default());
            Err(Problem::new(origin, "syntax error").with_label(fragment(error.message())).into())
        }
    }
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    offset: usize,
    problems: Problems,
}

impl Reader<'_> {
    fn origin(&self, span: Range<usize>) -> Origin {
        Origin::new(self.source, span.start + self.offset..span.end + self.offset)
    }

    fn table(&mut self, table: &DeTable<'_>) -> Table {
        let settings = table.iter().map(|(key, value)| {
            let key = Key { name: key.get_ref().to_string(), origin: self.origin(key.span()) };
            (key, self.node(value))
        });
        Table(settings.collect())
    }

    fn node(&mut self, value: &Spanned<DeValue<'_>>) -> Node {
        let origin = self.origin(value.span());
        let value = match value.get_ref() {
            DeValue::String(text) => NodeValue::String(text.to_string()),
            DeValue::Boolean(value) => NodeValue::Boolean(*value),
            DeValue::Array(items) => NodeValue::Array(items.iter().map(|item| self.node(item)).collect()),
            DeValue::Table(table) => NodeValue::Table(self.table(table)),
            DeValue::Integer(number) => match i128::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) if (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&number) => {
                    NodeValue::Integer(number)
                }
                _ => self.unusable(&origin, "this is no whole number of 64 bits"),
            },
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => NodeValue::Float(number),
                _ => self.unusable(&origin, "this is no number to measure with"),
            },
            DeValue::Datetime(_) => self.unusable(&origin, "no setting takes a date; text stands in quotes"),
        };
        Node { value, origin }
    }

    fn unusable(&mut self, origin: &Origin, label: &str) -> NodeValue {
        let title = format!("cannot use `{}`", origin.text());
        self.problems.push(Problem::new(origin.clone(), title).with_label(label));
        NodeValue::Boolean(false)
    }
}

/// What the parser found, without what merely follows from an earlier error.
fn explain(source: &Arc<Source>, mut errors: Vec<Error>, tree: &Node) -> Problems {
    errors.sort_by_key(|error| error.span().map(|span| span.start));
    // Behind an unclosed bracket the parser takes every following line for an item of the list.
    let unclosed = errors.iter().any(|error| {
        error.message().starts_with("unclosed array, ")
            || error.message().starts_with("unclosed inline table")
    });
    let mut problems = Problems::new();
    let mut last_line = 0;
    for error in errors {
        let origin = Origin::new(source, error.span().unwrap_or_default());
        let (line, _) = origin.line_and_column();
        let inside = error.message().contains("array") || error.message().contains("inline table");
        if unclosed && inside {
            let end = source.text.get(..origin.span.start).unwrap_or_default().trim_end().len();
            let origin = Origin::new(source, end..end);
            let title = "unclosed list or table";
            problems.push(Problem::new(origin, title).with_label("expected `,` or the closing bracket"));
            break;
        }
        if line != last_line {
            problems.push(problem(origin, error.message(), tree));
        }
        last_line = line;
    }
    problems
}

fn problem(origin: Origin, message: &str, tree: &Node) -> Problem {
    let text = origin.text().trim().to_owned();
    if message == "duplicate key" {
        let mut earlier = Vec::new();
        keys_before(tree, &text, &origin, &mut earlier);
        let problem = Problem::new(origin, format!("`{text}` is set twice")).with_label("set here once more");
        // Which table it stood in is unknown here, so only an unmistakable first one is shown.
        return match earlier.as_slice() {
            [first] => problem.with_context(first.clone(), "first set here"),
            _ => problem,
        };
    }
    // The parser guesses from the first letter what an unquoted word was to be.
    let guesses = ["string values must be quoted", "invalid boolean", "invalid float, expected `"];
    let unquoted = guesses.iter().any(|guess| message.starts_with(guess));
    if unquoted && text.is_empty() {
        return Problem::new(origin, "a value is missing").with_label("expected a value");
    }
    if unquoted && followed_by_equals(&origin) {
        return Problem::new(origin, "a brace is missing").with_label("a table stands in `{ … }`");
    }
    if unquoted {
        let problem = Problem::new(origin, "text needs quotes").with_label(format!("write {text:?}"));
        return match closest(&text, ["true", "false"].into_iter()) {
            Some(word) => problem.with_help(format!("did you mean `{word}`?")),
            None => problem,
        };
    }
    Problem::new(origin, "syntax error").with_label(fragment(message))
}

fn followed_by_equals(origin: &Origin) -> bool {
    origin.source.text.get(origin.span.end..).is_some_and(|rest| rest.trim_start().starts_with('='))
}

/// The parser's message without its empty ending.
fn fragment(message: &str) -> &str {
    message.trim_end_matches(", expected nothing")
}

fn keys_before(node: &Node, name: &str, origin: &Origin, found: &mut Vec<Origin>) {
    let children: Vec<&Node> = match &node.value {
        NodeValue::Table(table) => {
            let same = table.iter().filter(|(key, _)| key.name == name);
            found.extend(
                same.map(|(key, _)| key.origin.clone()).filter(|key| key.span.end <= origin.span.start),
            );
            table.iter().map(|(_, child)| child).collect()
        }
        NodeValue::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    children.into_iter().for_each(|child| keys_before(child, name, origin, found));
}
