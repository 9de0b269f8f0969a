use serde_json::Value as Json;

use crate::config;

/// So wide that a comment still fits beside another window.
const WIDTH: usize = 100;

/// A workload with a comment above each setting: what it is, and what else it may be; and below each table what else
/// can be set there. All of it is from the schema of workload files, and so as right as that.
pub fn annotate(text: &str) -> String {
    let schema = Schema(config::workload_schema());
    let mut annotated = String::new();
    let mut table = Table::default();
    let mut depth = 0;
    for line in text.lines() {
        if depth == 0 {
            if let Some(path) = header(line) {
                annotated = annotated.trim_end().to_owned() + "\n" + &table.others(&schema) + "\n";
                table = Table { path, set: Vec::new() };
            } else if let Some((key, _)) =
                line.split_once('=').filter(|_| !line.trim_start().starts_with('#'))
            {
                let key = key.trim().trim_matches('"');
                // The question ends where the first setting begins.
                if table.path.is_empty() && table.set.is_empty() {
                    annotated = annotated.trim_end().to_owned() + "\n\n";
                }
                annotated += &comment(&schema.told(&table.path_of(key)));
                table.set.push(key.to_owned());
            }
        }
        depth += opened(line);
        annotated += line;
        annotated.push('\n');
    }
    annotated.trim_end().to_owned() + "\n" + &table.others(&schema)
}

/// A table of the file: where it is, and what is set in it.
#[derive(Default)]
struct Table {
    path: Vec<String>,
    set: Vec<String>,
}

impl Table {
    /// The path of a setting in it; what is compared is a setting of the whole file.
    fn path_of(&self, key: &str) -> Vec<String> {
        let names = key.split('.').map(str::to_owned);
        let is_compared = self.path == ["compare"] && !["repeat", "at_once"].contains(&key);
        if is_compared { names.collect() } else { self.path.iter().cloned().chain(names).collect() }
    }

    /// What else can be set here, as a comment.
    fn others(&self, schema: &Schema) -> String {
        if self.path == ["compare"] {
            return comment(
                "Any other setting can be compared too, by its path: \"cache.ttl\" = [\"1s\", \"10s\"].",
            );
        }
        let Some(properties) = schema.at(&self.path).and_then(|node| schema.properties(node)) else {
            return String::new();
        };
        let is_free = |name: &&str| {
            let is_set = self.set.iter().any(|set| set == name);
            // At the top, what is a table has a place of its own below.
            let is_table = self.path.is_empty()
                && schema.at(&[name.to_string()]).and_then(|node| schema.properties(node)).is_some();
            !is_set && !is_table
        };
        let others: Vec<&str> = properties.keys().map(String::as_str).filter(is_free).collect();
        if others.is_empty() { String::new() } else { comment(&format!("Also here: {}.", others.join(", "))) }
    }
}

/// The path in the header of a table, `[cache]` or `[[fault]]`.
fn header(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('[')?.trim_start_matches('[');
    let (path, _) = inner.split_once(']')?;
    Some(path.split('.').map(|name| name.trim().trim_matches('"').to_owned()).collect())
}

/// How many brackets a line opens more than it closes, those in texts and comments aside.
fn opened(line: &str) -> i32 {
    let mut depth = 0;
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (None, '#') => break,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth -= 1,
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
    }
    depth
}

/// A text as lines of a comment; nothing of nothing.
fn comment(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + word.chars().count() + 3 > WIDTH {
            lines += &format!("#{line}\n");
            line.clear();
        }
        line += &format!(" {word}");
    }
    if line.is_empty() { lines } else { lines + &format!("#{line}\n") }
}

/// The schema of workload files.
struct Schema(Json);

impl Schema {
    /// What a setting is, and its names where it has some to choose from.
    fn told(&self, path: &[String]) -> String {
        let Some(node) = self.at(path) else {
            // A name of the user's own, as of a server's setting, is told by what it stands in.
            return path.split_last().map(|(_, around)| self.told(around)).unwrap_or_default();
        };
        let own = node.get("description").or_else(|| self.resolve(node).get("description"));
        let own = own.and_then(Json::as_str).unwrap_or_default().trim();
        let mut names = Vec::new();
        self.names(node, &mut names);
        let names = if names.len() > 1 { format!(" One of: {}.", names.join(", ")) } else { String::new() };
        format!("{own}{names}")
    }

    /// The names that a value can be chosen by.
    fn names<'a>(&'a self, node: &'a Json, names: &mut Vec<&'a str>) {
        let mut add = |name: &'a str| {
            if !names.contains(&name) {
                names.push(name);
            }
        };
        let node = self.resolve(node);
        node.get("const").and_then(Json::as_str).into_iter().for_each(&mut add);
        let listed = node.get("enum").and_then(Json::as_array);
        listed.into_iter().flatten().filter_map(Json::as_str).for_each(&mut add);
        let required = node.get("required").and_then(Json::as_array).map(Vec::as_slice);
        if let (Some([only]), Some(false)) =
            (required, node.get("additionalProperties").and_then(Json::as_bool))
        {
            only.as_str().into_iter().for_each(&mut add);
        }
        for variant in variants(node) {
            self.names(variant, names);
        }
    }

    fn at(&self, path: &[String]) -> Option<&Json> {
        path.iter().try_fold(&self.0, |node, name| self.property(node, name))
    }

    fn property<'a>(&'a self, node: &'a Json, name: &str) -> Option<&'a Json> {
        let node = self.resolve(node);
        let own = node.get("properties").and_then(|all| all.get(name));
        own.or_else(|| node.get("items").and_then(|items| self.property(items, name)))
            .or_else(|| variants(node).find_map(|variant| self.property(variant, name)))
    }

    /// The settings inside of a table, or of the tables in a list.
    fn properties<'a>(&'a self, node: &'a Json) -> Option<&'a serde_json::Map<String, Json>> {
        let node = self.resolve(node);
        let own = node.get("properties").and_then(Json::as_object);
        own.or_else(|| node.get("items").and_then(|items| self.properties(items)))
    }

    /// What a reference refers to.
    fn resolve<'a>(&'a self, node: &'a Json) -> &'a Json {
        let reference = node.get("$ref").and_then(Json::as_str);
        let target = reference.and_then(|text| self.0.pointer(text.trim_start_matches('#')));
        target.map_or(node, |target| self.resolve(target))
    }
}

fn variants(node: &Json) -> impl Iterator<Item = &Json> {
    let of = |key| node.get(key).and_then(Json::as_array).into_iter().flatten();
    of("oneOf").chain(of("anyOf")).chain(of("allOf"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_is_told_with_its_alternatives_and_each_table_with_its_others() {
        let text = "# Why?\nname = \"w\"\n[traffic]\nkeys = { zipfian = { exponent = 1 } }\nload = { closed = {\n\
            clients = 2 } }\n[compare]\nstrategy = [\n  \"direct\",\n]\n";
        let annotated = annotate(text);
        assert!(annotated.starts_with("# Why?\n\n# A short name"), "{annotated}");
        let words = [
            "One of: uniform, zipfian",
            "One of: open, closed, recorded",
            "Also here: mix",
            "One of: direct",
        ];
        for word in words {
            assert!(annotated.contains(word), "{word}: {annotated}");
        }
        let settings = |text: &str| text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(settings(&annotated.replace("\n\n", "\n")), settings(text));
    }

    #[test]
    fn brackets_in_texts_and_comments_open_nothing() {
        assert_eq!(opened("a = [ \"]\", # ["), 1);
        assert_eq!(opened("a = { b = 'x}' }"), 0);
    }
}
