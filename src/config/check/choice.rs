use super::Checker;
use super::expectation::{expectation, few_names, is_tag, names, suggestion};
use super::schema::Alternative;
use crate::config::node::{Key, Node, NodeValue, Table};
use crate::config::path::SettingPath;
use crate::config::problem::Problem;
use crate::registry::closest;

impl<'a> Checker<'a> {
    /// A table that names one variant, with its options: `{ zipfian = { exponent = 0.99 } }`.
    pub(super) fn choice(
        &mut self,
        node: &Node,
        table: &Table,
        alternatives: &[Alternative<'a>],
        path: &SettingPath,
    ) {
        let names = names(alternatives);
        let tags: Vec<_> = alternatives
            .iter()
            .filter(|form| is_tag(form, alternatives))
            .filter_map(|form| form.tag())
            .collect();
        let tag = |key: &Key| tags.iter().find(|(name, _)| *name == key.name);
        let entries: Vec<_> = table.iter().collect();
        match entries.as_slice() {
            [] => {
                self.wrong_type(node, alternatives, path);
            }
            [(key, options)] => match tag(key) {
                Some((name, schema)) => self.value(options, schema, &path.join(name)),
                None => self.unknown_variant(key, &names, alternatives, path),
            },
            [.., (_, value)] => {
                let known = entries.iter().find_map(|(key, _)| tag(key));
                let stray = entries.iter().map(|(key, _)| *key).find(|key| tag(key).is_none());
                if let (Some((name, schema)), Some(stray)) = (known, stray) {
                    let inside = self.schemas.alternatives(schema).iter().any(|form| {
                        form.properties().is_some_and(|properties| properties.contains_key(&stray.name))
                    });
                    return self.stray(stray, name, inside, path);
                }
                let all: Vec<_> = entries.iter().map(|(key, _)| *key).collect();
                self.too_many(&all, value, path);
            }
        }
    }

    /// Of the flattened `names`, a table must have exactly one.
    pub(super) fn exactly_one(
        &mut self,
        node: &Node,
        table: &Table,
        names: &[&str],
        optional: bool,
        path: &SettingPath,
    ) {
        let chosen: Vec<_> = table.iter().filter(|(key, _)| names.contains(&key.name.as_str())).collect();
        match chosen.as_slice() {
            [_] => {}
            [] if optional => {}
            // A misspelt one was reported as unknown; that it is missing is no news.
            [] if table.iter().any(|(key, _)| closest(&key.name, names.iter().copied()).is_some()) => {}
            [] => {
                let title = format!("`{path}` is incomplete");
                let problem = Problem::new(node.origin.clone(), title);
                let help = suggestion(None, names);
                self.problems.push(Problem { label: few_names(names), help, ..problem });
            }
            [.., (_, value)] => {
                let all: Vec<_> = chosen.iter().map(|(key, _)| *key).collect();
                self.too_many(&all, value, path);
            }
        }
    }

    fn unknown_variant(
        &mut self,
        key: &Key,
        names: &[&str],
        alternatives: &[Alternative<'a>],
        path: &SettingPath,
    ) {
        if names.contains(&key.name.as_str()) {
            let title = format!("`{}` takes no options", key.name);
            let problem = Problem::new(key.origin.clone(), title);
            return self.problems.push(problem.with_help(format!("write `{path} = \"{}\"`", key.name)));
        }
        let problem = Problem::new(key.origin.clone(), format!("unknown name `{}` for `{path}`", key.name));
        let label = few_names(names).map(|_| format!("expected {}", expectation(alternatives)));
        let help = suggestion(closest(&key.name, names.iter().copied()), names);
        self.problems.push(Problem { label, help, ..problem });
    }

    fn stray(&mut self, stray: &Key, name: &str, inside: bool, path: &SettingPath) {
        let title = format!("unknown setting `{}`", path.join(&stray.name));
        let problem =
            Problem::new(stray.origin.clone(), title).with_label(format!("expected nothing beside `{name}`"));
        self.problems.push(if inside {
            problem.with_help(format!("it belongs inside: `{{ {name} = {{ {} = … }} }}`", stray.name))
        } else {
            problem
        });
    }

    fn too_many(&mut self, keys: &[&Key], last_value: &Node, path: &SettingPath) {
        let [first, .., last] = keys else { return };
        let names: Vec<_> = keys.iter().map(|key| key.name.as_str()).collect();
        let title = format!("`{path}` takes exactly one of `{}`", names.join("`, `"));
        let problem = Problem::new(last.origin.clone(), title);
        self.problems.push(if first.origin.source == last.origin.source {
            problem.with_label("remove this one").with_context(first.origin.clone(), "or this one")
        } else {
            let options = match &last_value.value {
                NodeValue::Table(_) | NodeValue::Array(_) => "…".to_owned(),
                _ => last_value.to_json().to_string(),
            };
            problem
                .with_label("this comes on top")
                .with_context(first.origin.clone(), "of this one")
                .with_help(format!("replace the whole value: `{path}={{ {} = {options} }}`", last.name))
        });
    }
}
