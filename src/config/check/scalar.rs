use super::expectation::{expectation, few_names, is_tag, names, suggestion};
use super::schema::Alternative;
use super::{Checker, wrong_value};
use crate::config::MaxMemory;
use crate::config::node::{Node, NodeValue};
use crate::config::path::SettingPath;
use crate::config::problem::Problem;
use crate::measure::CellExpectation;
use crate::model::{Size, Time};
use crate::registry::closest;

impl<'a> Checker<'a> {
    pub(super) fn text(
        &mut self,
        node: &Node,
        text: &str,
        alternatives: &[Alternative<'a>],
        path: &SettingPath,
    ) {
        let names = names(alternatives);
        let free =
            || alternatives.iter().filter(|form| form.accepts("string") && form.names().next().is_none());
        let named = alternatives.iter().any(|form| form.names().any(|name| name == text));
        if named || free().any(|form| misread(text, *form).is_none()) {
            return;
        }
        if names.contains(&text) {
            let options = self.needed(text, alternatives);
            let problem = wrong_value(node, path).with_label(format!("`{text}` needs a value"));
            self.problems.push(problem.with_help(format!("write it as `{{ {text} = {options} }}`")));
        } else if let (true, [only]) = (names.is_empty(), free().collect::<Vec<_>>().as_slice()) {
            let problem = wrong_value(node, path);
            let (label, help) = (misread(text, **only), meant(text, **only));
            self.problems.push(Problem { label, help, ..problem });
        } else if names.is_empty() {
            self.wrong_type(node, alternatives, path);
        } else {
            let others =
                alternatives.iter().any(|form| form.names().next().is_none() && !is_tag(form, alternatives));
            let label = if others {
                Some(format!("expected {}", expectation(alternatives)))
            } else {
                few_names(&names)
            };
            let help = suggestion(closest(text, names.iter().copied()), &names);
            let problem = Problem::new(node.origin.clone(), format!("unknown name `{text}` for `{path}`"));
            self.problems.push(Problem { label, help, ..problem });
        }
    }

    /// The least that has to follow a name, with its values left open.
    fn needed(&self, name: &str, alternatives: &[Alternative<'a>]) -> String {
        let options = alternatives.iter().filter_map(|form| form.tag()).find(|(tag, _)| *tag == name);
        let forms = options.map(|(_, schema)| self.schemas.alternatives(schema)).unwrap_or_default();
        let required: Vec<_> =
            forms.iter().flat_map(|form| form.required()).map(|name| format!("{name} = …")).collect();
        if required.is_empty() { "…".to_owned() } else { format!("{{ {} }}", required.join(", ")) }
    }

    pub(super) fn scalar(&mut self, node: &Node, alternatives: &[Alternative<'a>], path: &SettingPath) {
        let json = node.to_json();
        let fits = |form: &&Alternative<'a>| match node.value {
            NodeValue::Boolean(_) => form.accepts("boolean"),
            NodeValue::Integer(_) => form.accepts("integer") || form.accepts("number"),
            _ => form.accepts("number"),
        };
        let fitting: Vec<_> = alternatives.iter().filter(fits).collect();
        let Some(first) = fitting.first() else {
            return self.wrong_type(node, alternatives, path);
        };
        let number = json.as_f64().unwrap_or_default();
        if fitting.iter().all(|form| out_of_range(number, **form).is_some())
            && let Some(range) = out_of_range(number, **first)
        {
            let title = format!("`{path}` is out of range");
            let label = format!("expected {range}, found {}", node.origin.text());
            self.problems.push(Problem::new(node.origin.clone(), title).with_label(label));
        }
    }
}

/// What is wrong with a text as a form of free text, if anything is.
fn misread(text: &str, form: Alternative<'_>) -> Option<String> {
    match form.format() {
        Some("length-of-time") => text.parse::<Time>().err().map(|error| error.to_string()),
        Some("expectation") => text.parse::<CellExpectation>().err().map(|error| error.to_string()),
        Some("size") => text.parse::<Size>().err().map(|error| error.to_string()),
        Some("size-or-share") => text.parse::<MaxMemory>().err().map(|error| error.to_string()),
        _ if form.number("minLength").is_some_and(|least| (text.chars().count() as f64) < least) => {
            Some("expected a longer text".to_owned())
        }
        _ => None,
    }
}

/// What a misread text was probably meant to be.
fn meant(text: &str, form: Alternative<'_>) -> Option<String> {
    match form.format() {
        Some("expectation") => text.parse::<CellExpectation>().err()?.help(),
        _ => None,
    }
}

/// Whether it is a number of bytes, among others.
fn is_size(form: Alternative<'_>) -> bool {
    matches!(form.format(), Some("size" | "size-or-share"))
}

/// The range in words, if the number lies outside.
fn out_of_range(number: f64, form: Alternative<'_>) -> Option<String> {
    let least = form.number("minimum").or(is_size(form).then_some(0.0));
    let bits =
        form.format().and_then(|format| format.strip_prefix("uint")).and_then(|bits| bits.parse().ok());
    let greatest = form.number("maximum").or(bits.map(|bits: i32| 2f64.powi(bits) - 1.0));
    let above = form.number("exclusiveMinimum");
    let below = form.number("exclusiveMaximum");
    let outside = least.is_some_and(|least| number < least)
        || greatest.is_some_and(|greatest| number > greatest)
        || above.is_some_and(|above| number <= above)
        || below.is_some_and(|below| number >= below);
    let lower = above.map(|n| format!("more than {n}")).or(least.map(|n| format!("at least {n}")));
    let upper = below.map(|n| format!("less than {n}")).or(greatest.map(|n| format!("at most {n}")));
    // The greatest number that fits the type is no news to someone who wrote too small a one.
    let told = form.get("maximum").is_some() || below.is_some() || number > 0.0;
    outside.then(|| match (least, greatest, above.or(below)) {
        (Some(least), Some(greatest), None) if told => format!("{least} to {greatest}"),
        _ => lower.into_iter().chain(upper.filter(|_| told)).collect::<Vec<_>>().join(" and "),
    })
}

/// How a value of the wrong type was probably meant.
pub(super) fn correction(node: &Node, alternatives: &[Alternative<'_>]) -> Option<String> {
    let accepts = |kind: &str| alternatives.iter().any(|form| form.accepts(kind));
    let written = node.origin.text();
    match &node.value {
        NodeValue::Integer(_) | NodeValue::Float(_)
            if alternatives.iter().any(|form| form.format() == Some("length-of-time")) =>
        {
            Some(format!("give it a unit, as in \"{written}s\" or \"{written}ms\""))
        }
        NodeValue::Float(number) if accepts("integer") && number.fract() == 0.0 && number.abs() < 1e15 => {
            Some(format!("write {number}"))
        }
        NodeValue::String(text) if accepts("integer") || accepts("number") || accepts("boolean") => {
            let plain = text.replace('_', "");
            let number = plain.parse().is_ok_and(f64::is_finite);
            let meant = if accepts("boolean") { text == "true" || text == "false" } else { number };
            meant.then(|| format!("write it without quotes: {text}"))
        }
        NodeValue::Integer(_) | NodeValue::Float(_) | NodeValue::Boolean(_) if accepts("string") => {
            let plain = |form: &Alternative<'_>| form.names().next().is_none() && form.format().is_none();
            let meant = alternatives.iter().any(|form| form.accepts("string") && plain(form));
            // The shell takes a pair of quotes for itself.
            let shell = if node.origin.source.position > 0 { "'" } else { "" };
            meant.then(|| format!("write it in quotes: {shell}\"{written}\"{shell}"))
        }
        NodeValue::Table(_) | NodeValue::Array(_) => None,
        _ if accepts("array") => Some(format!("write it as a list: [{}]", node.to_json())),
        _ => None,
    }
}
