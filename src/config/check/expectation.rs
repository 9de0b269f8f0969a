use super::schema::Alternative;

/// Up to this many names are listed beside the place; a longer list goes below it.
const FEW: usize = 6;

/// What the alternatives accept, in words: `a time such as "250ms"`, ``one of `ring`, `modulo` ``.
pub(super) fn expectation(alternatives: &[Alternative<'_>]) -> String {
    let mut phrases: Vec<String> = Vec::new();
    let names = names(alternatives);
    match names.as_slice() {
        [] => {}
        few if few.len() <= FEW => phrases.push(one_of(few)),
        _ => phrases.push("a name".to_owned()),
    }
    for alternative in
        alternatives.iter().filter(|form| form.names().next().is_none() && !is_tag(form, alternatives))
    {
        let kinds: &[(&str, &str)] = match alternative.format() {
            Some("length-of-time") => &[("string", "a time such as \"250ms\"")],
            Some("expectation") => &[("string", "an expectation such as \"hit_rate > 0.9\"")],
            Some("size") => &[("string", "a size such as \"64MB\"")],
            Some("size-or-share") => {
                &[("string", "a size such as \"64MB\" or a share such as \"10% of keys\"")]
            }
            _ => &[
                ("string", "text"),
                ("integer", "a whole number"),
                ("number", "a number"),
                ("boolean", "true or false"),
                ("array", "a list"),
                ("object", "a table"),
            ],
        };
        for (kind, phrase) in kinds {
            if alternative.accepts(kind) && !phrases.iter().any(|known| known == phrase) {
                phrases.push((*phrase).to_owned());
            }
        }
    }
    enumerate(&phrases)
}

/// Every name that can be chosen, as text or as the head of a table.
pub(super) fn names<'a>(alternatives: &[Alternative<'a>]) -> Vec<&'a str> {
    let mut names = Vec::new();
    for alternative in alternatives {
        let tag = alternative.tag().filter(|_| is_tag(alternative, alternatives)).map(|(name, _)| name);
        for name in alternative.names().chain(tag) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// Whether a form is one name among several; alone, it is a table with one setting.
pub(super) fn is_tag(alternative: &Alternative<'_>, among: &[Alternative<'_>]) -> bool {
    among.len() > 1 && alternative.tag().is_some()
}

/// ``expected one of …`` for a label, if the names are few.
pub(super) fn few_names(names: &[&str]) -> Option<String> {
    (!names.is_empty() && names.len() <= FEW).then(|| format!("expected {}", one_of(names)))
}

/// The help for a name that is not known.
pub(super) fn suggestion(meant: Option<&str>, names: &[&str]) -> Option<String> {
    match meant {
        Some(meant) => Some(format!("did you mean `{meant}`?")),
        None if names.len() > FEW => Some(format!("expected one of: {}", names.join(", "))),
        None => None,
    }
}

fn one_of(names: &[&str]) -> String {
    enumerate(&names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>())
}

fn enumerate(phrases: &[String]) -> String {
    match phrases {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [all @ .., last] => format!("{} or {last}", all.join(", ")),
    }
}
