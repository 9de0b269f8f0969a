use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error};

use super::chapter::Page;
use super::view::PageView;

/// The name ends like this so that whatever goes in is escaped.
const NAME: &str = "page.html";

/// A page as one document that loads nothing.
pub fn render(page: &Page) -> String {
    // The template is part of the program, and every test of a page reads it.
    filled(page).unwrap_or_default()
}

fn filled(page: &Page) -> Result<String, Error> {
    let mut templates = Environment::new();
    templates.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    templates.add_template(NAME, include_str!("page.html"))?;
    templates.get_template(NAME)?.render(Serde(PageView::of(page)))
}
