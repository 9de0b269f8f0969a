//! Check: the settings of a document against the schema of the workload file, all problems at once.

mod choice;
mod expectation;
mod scalar;
mod schema;
mod table;

use serde_json::Value as Json;

use self::expectation::expectation;
use self::schema::{Alternative, Schemas};
use super::document::Document;
use super::node::{Node, NodeValue};
use super::path::SettingPath;
use super::problem::{Problem, Problems};

/// Everything in the document that the schema does not accept.
///
/// The schema is one that schemars made, with `length-of-time`, `expectation`, `size` and `size-or-share` among its formats.
pub fn check(document: &Document, schema: &Json) -> Problems {
    let mut checker = Checker { schemas: Schemas::new(schema), problems: Problems::new() };
    checker.value(document.root(), schema, &SettingPath::default());
    checker.problems
}

struct Checker<'a> {
    schemas: Schemas<'a>,
    problems: Problems,
}

impl<'a> Checker<'a> {
    fn value(&mut self, node: &Node, schema: &'a Json, path: &SettingPath) {
        let alternatives = self.schemas.alternatives(schema);
        if alternatives.is_empty() || alternatives.iter().any(|form| form.is_anything()) {
            return;
        }
        match &node.value {
            NodeValue::Table(table) => self.table(node, table, &alternatives, path),
            NodeValue::Array(items) => self.list(node, items, &alternatives, path),
            NodeValue::String(text) => self.text(node, text, &alternatives, path),
            NodeValue::Integer(_) | NodeValue::Float(_) | NodeValue::Boolean(_) => {
                self.scalar(node, &alternatives, path);
            }
        }
    }

    fn list(&mut self, node: &Node, items: &[Node], alternatives: &[Alternative<'a>], path: &SettingPath) {
        let Some(list) = alternatives.iter().find(|form| form.accepts("array")) else {
            return self.wrong_type(node, alternatives, path);
        };
        let count = items.len() as f64;
        let least = list.number("minItems").filter(|least| count < *least);
        let most = list.number("maxItems").filter(|most| count > *most);
        if let Some((bound, limit)) = least.map(|n| ("at least", n)).or(most.map(|n| ("at most", n))) {
            let label = format!("expected {bound} {limit}, found {count}");
            let title = format!("wrong number of values for `{path}`");
            self.problems.push(Problem::new(node.origin.clone(), title).with_label(label));
        }
        let leading = list.get("prefixItems").and_then(Json::as_array);
        for (index, item) in items.iter().enumerate() {
            let own = leading.and_then(|schemas| schemas.get(index)).or_else(|| list.get("items"));
            if let Some(schema) = own {
                self.value(item, schema, &path.join(&index.to_string()));
            }
        }
    }

    fn wrong_type(&mut self, node: &Node, alternatives: &[Alternative<'a>], path: &SettingPath) {
        let label = format!("expected {}, found {}", expectation(alternatives), node.describe());
        let problem = wrong_value(node, path).with_label(label);
        let help = scalar::correction(node, alternatives);
        self.problems.push(Problem { help, ..problem });
    }
}

fn wrong_value(node: &Node, path: &SettingPath) -> Problem {
    Problem::new(node.origin.clone(), format!("wrong value for `{path}`"))
}
