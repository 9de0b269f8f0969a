use serde_json::Value as Json;

use super::Checker;
use super::expectation::{expectation, few_names, is_tag, names, suggestion};
use super::schema::Alternative;
use crate::config::node::{Key, Node, Table};
use crate::config::path::SettingPath;
use crate::config::problem::Problem;
use crate::registry::closest;

impl<'a> Checker<'a> {
    pub(super) fn table(
        &mut self,
        node: &Node,
        table: &Table,
        alternatives: &[Alternative<'a>],
        path: &SettingPath,
    ) {
        let tagged = alternatives.iter().any(|form| is_tag(form, alternatives));
        let plain = alternatives.iter().filter(|form| form.accepts("object") && !is_tag(form, alternatives));
        // Of several kinds of tables it is the one whose settings it has.
        let known = |form: &&Alternative<'a>| {
            let properties = form.properties();
            table.iter().filter(|(key, _)| properties.is_some_and(|all| all.contains_key(&key.name))).count()
        };
        match plain.max_by_key(known) {
            Some(form) if !tagged || known(&form) > 0 => self.settings(node, table, *form, path),
            None if !tagged && names(alternatives).is_empty() => self.wrong_type(node, alternatives, path),
            _ => self.choice(node, table, alternatives, path),
        }
    }

    fn settings(&mut self, node: &Node, table: &Table, form: Alternative<'a>, path: &SettingPath) {
        let choices: Vec<_> = form
            .choices()
            .into_iter()
            .flatten()
            .flat_map(|choice| self.schemas.alternatives(choice))
            .collect();
        let tags: Vec<_> = choices.iter().filter_map(|choice| choice.tag()).collect();
        let own = form.properties().into_iter().flatten().map(|(name, schema)| (name.as_str(), schema));
        let known: Vec<(&str, &'a Json)> = own.chain(tags.iter().copied()).collect();
        let mut missing: Vec<_> = form.required().filter(|name| table.get(name).is_none()).collect();
        for (key, value) in table.iter() {
            let schema = known.iter().find(|(name, _)| *name == key.name).map(|(_, schema)| *schema);
            // A flattened choice is one of these names, though serde cannot deny others beside it.
            let others = form.others().filter(|_| tags.is_empty());
            match schema.or(others) {
                Some(schema) => self.value(value, schema, &path.join(&key.name)),
                None => {
                    let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
                    let absent = names.iter().copied().filter(|name| table.get(name).is_none());
                    let meant =
                        closest(&key.name, absent).or_else(|| closest(&key.name, names.iter().copied()));
                    // A misspelt name is one mistake, not an unknown setting and a missing one.
                    missing.retain(|name| Some(*name) != meant);
                    self.unknown(key, &names, meant, path);
                }
            }
        }
        for name in missing {
            self.missing(node, name, known.iter().find(|(known, _)| *known == name), path);
        }
        if !tags.is_empty() {
            let names: Vec<_> = tags.iter().map(|(name, _)| *name).collect();
            let optional = choices.iter().any(|choice| choice.is_anything());
            self.exactly_one(node, table, &names, optional, path);
        }
    }

    fn unknown(&mut self, key: &Key, names: &[&str], meant: Option<&str>, path: &SettingPath) {
        let elsewhere = self.elsewhere(&key.name);
        let help = match (meant, elsewhere.as_slice()) {
            (None, [name]) if *name == key.name => {
                Some(format!("`{name}` stands at the top of the file, before the first table"))
            }
            (None, places @ ([_] | [_, _])) => Some(format!("did you mean `{}`?", places.join("` or `"))),
            _ => suggestion(meant, names),
        };
        let title = format!("unknown setting `{}`", path.join(&key.name));
        let problem = Problem::new(key.origin.clone(), title);
        self.problems.push(Problem { label: few_names(names), help, ..problem });
    }

    fn missing(&mut self, node: &Node, name: &str, known: Option<&(&str, &'a Json)>, path: &SettingPath) {
        let problem = Problem::new(node.origin.clone(), format!("missing setting `{}`", path.join(name)));
        let forms = known.map(|(_, schema)| self.schemas.alternatives(schema)).unwrap_or_default();
        let label = match forms.as_slice() {
            [table] if path.is_root() && table.accepts("object") => {
                format!("the file has no table `[{name}]`")
            }
            [] => format!("`{name}` belongs here"),
            forms => format!("`{name}` belongs here: {}", expectation(forms)),
        };
        self.problems.push(problem.with_label(label));
    }

    /// The paths, outside lists and choices, under which a setting of this name is known.
    fn elsewhere(&self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut tables = vec![(SettingPath::default(), self.schemas.root())];
        for _depth in 0..4 {
            for (path, schema) in std::mem::take(&mut tables) {
                let forms = self.schemas.alternatives(schema);
                let [form] = forms.as_slice() else { continue };
                for (known, schema) in form.properties().into_iter().flatten() {
                    let path = path.join(known);
                    if known == name {
                        found.push(path.to_string());
                    }
                    tables.push((path, schema));
                }
            }
        }
        found
    }
}
