use serde_json::{Map, Value as Json};

/// A JSON schema, read the way a workload file needs it: as the alternatives that a value can choose from.
#[derive(Clone, Copy)]
pub(super) struct Schemas<'a> {
    root: &'a Json,
}

/// Deeper than this, references only lead in circles.
const DEEPEST: usize = 32;

impl<'a> Schemas<'a> {
    pub(super) fn new(root: &'a Json) -> Schemas<'a> {
        Schemas { root }
    }

    pub(super) fn root(self) -> &'a Json {
        self.root
    }

    /// The forms that a value under this schema may have, without null, which TOML cannot write.
    pub(super) fn alternatives(self, schema: &'a Json) -> Vec<Alternative<'a>> {
        let mut found = Vec::new();
        self.collect(schema, DEEPEST, &mut found);
        found
    }

    fn collect(self, schema: &'a Json, deepest: usize, found: &mut Vec<Alternative<'a>>) {
        if deepest == 0 {
            return;
        }
        if let Some(target) = schema.get("$ref").and_then(Json::as_str) {
            let target = target.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            return self.collect(target.unwrap_or(&Json::Bool(true)), deepest - 1, found);
        }
        let own = Alternative(schema);
        // Beside settings of its own, a table's choice is part of that table: a flattened one.
        let choices = if own.properties().is_some() { None } else { own.choices() };
        match choices {
            Some(choices) => choices.iter().for_each(|choice| self.collect(choice, deepest - 1, found)),
            None if schema["type"] == "null" => {}
            None => found.push(own),
        }
    }
}

/// One form that a value may have.
#[derive(Clone, Copy)]
pub(super) struct Alternative<'a>(&'a Json);

impl<'a> Alternative<'a> {
    pub(super) fn get(self, keyword: &str) -> Option<&'a Json> {
        self.0.get(keyword)
    }

    pub(super) fn number(self, keyword: &str) -> Option<f64> {
        self.get(keyword).and_then(Json::as_f64)
    }

    pub(super) fn format(self) -> Option<&'a str> {
        self.get("format").and_then(Json::as_str)
    }

    /// Whether any value will do.
    pub(super) fn is_anything(self) -> bool {
        ["type", "enum", "const", "properties", "additionalProperties", "items", "prefixItems"]
            .iter()
            .all(|keyword| self.get(keyword).is_none())
    }

    pub(super) fn accepts(self, wanted: &str) -> bool {
        match self.get("type") {
            Some(Json::String(kind)) => kind == wanted,
            Some(Json::Array(kinds)) => kinds.iter().any(|kind| kind == wanted),
            _ if wanted == "object" => self.properties().is_some(),
            _ => wanted == "string" && self.names().next().is_some(),
        }
    }

    /// The texts that alone are accepted; none where any text is.
    pub(super) fn names(self) -> impl Iterator<Item = &'a str> {
        let one = self.get("const").and_then(Json::as_str);
        let several = self.get("enum").and_then(Json::as_array).into_iter().flatten();
        one.into_iter().chain(several.filter_map(Json::as_str))
    }

    pub(super) fn properties(self) -> Option<&'a Map<String, Json>> {
        self.get("properties").and_then(Json::as_object)
    }

    pub(super) fn choices(self) -> Option<&'a Vec<Json>> {
        ["oneOf", "anyOf", "allOf"].iter().find_map(|keyword| self.get(keyword)).and_then(Json::as_array)
    }

    pub(super) fn required(self) -> impl Iterator<Item = &'a str> {
        let names = self.get("required").and_then(Json::as_array).into_iter().flatten();
        names.filter_map(Json::as_str)
    }

    /// The schema of settings without a name of their own, or nothing if there are no such settings.
    pub(super) fn others(self) -> Option<&'a Json> {
        let closed = |keyword| self.get(keyword).is_some_and(|schema| schema == false);
        if closed("additionalProperties") || closed("unevaluatedProperties") {
            return None;
        }
        Some(self.get("additionalProperties").unwrap_or(&Json::Bool(true)))
    }

    /// Name and schema of the options, if this is the table form of one name among several.
    pub(super) fn tag(self) -> Option<(&'a str, &'a Json)> {
        let mut properties = self.properties()?.iter();
        let (Some((name, schema)), None) = (properties.next(), properties.next()) else { return None };
        self.required().any(|required| required == name).then_some((name, schema))
    }
}
