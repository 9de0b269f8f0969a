/// What a strict reader finds in a page.
#[derive(Default)]
pub struct Markup {
    names: Vec<String>,
    ids: Vec<String>,
    /// The levels of its headings, in their order.
    pub levels: Vec<u32>,
}

/// Elements that have no end.
const VOID: [&str; 2] = ["meta", "link"];

impl Markup {
    pub fn count(&self, name: &str) -> usize {
        self.names.iter().filter(|one| *one == name).count()
    }

    /// Names that more than one element has.
    pub fn double_ids(&self) -> Vec<String> {
        let mut ids = self.ids.clone();
        ids.sort();
        ids.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone()).collect()
    }

    /// Whether no heading leaves out a level.
    pub fn levels_are_in_order(&self) -> bool {
        self.levels.windows(2).all(|pair| pair[1] <= pair[0] + 1) && self.levels.first() == Some(&1)
    }
}

/// Reads a page: every element that begins ends, in order, and every attribute is quoted and given once.
pub fn read(text: &str) -> Result<Markup, String> {
    let mut rest = text.strip_prefix("<!DOCTYPE html>").ok_or_else(|| format!("begins with {:.20}", text))?;
    let mut markup = Markup::default();
    let mut open: Vec<String> = Vec::new();
    while let Some(start) = rest.find('<') {
        let before = &rest[..start];
        let is_raw = open.last().is_some_and(|name| name == "style");
        if !is_raw && let Some(at) = before.find('&') {
            entity(&before[at..])?;
        }
        if !is_raw && before.contains('>') {
            return Err(format!("a loose > in {before:?}"));
        }
        let end = rest[start..].find('>').ok_or("a tag that does not end")? + start;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            let opened = open.pop().unwrap_or_default();
            if opened != name {
                return Err(format!("</{name}> ends <{opened}>"));
            }
            continue;
        }
        let (tag, is_closed) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        markup.names.push(name.to_owned());
        let level = name.strip_prefix('h').and_then(|level| level.parse::<u32>().ok());
        markup.levels.extend(level);
        markup.ids.extend(id(attributes)?);
        if !is_closed && !VOID.contains(&name) {
            open.push(name.to_owned());
        }
    }
    if open.is_empty() { Ok(markup) } else { Err(format!("never closed: {open:?}")) }
}

fn entity(text: &str) -> Result<(), String> {
    let body = text[1..].split(';').next().unwrap_or_default();
    let is_name = !body.is_empty() && body.len() < 8 && text[1..].contains(';');
    let is_known = body.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '#');
    if is_name && is_known { Ok(()) } else { Err(format!("a loose & in {:.40}", text)) }
}

/// The value of the attribute `id` among these, all of which have to be whole.
fn id(attributes: &str) -> Result<Option<String>, String> {
    let (mut rest, mut seen, mut id) = (attributes.trim(), Vec::new(), None);
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").ok_or_else(|| format!("no value in {rest:?}"))?;
        let (value, after) = after.split_once('"').ok_or_else(|| format!("no end in {rest:?}"))?;
        let is_name = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        if !is_name || seen.contains(&name) || value.contains('<') {
            return Err(format!("attribute {name:?} in {attributes:?}"));
        }
        seen.push(name);
        if name == "id" {
            id = Some(value.to_owned());
        }
        rest = after.trim_start();
    }
    Ok(id)
}
