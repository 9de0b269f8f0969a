//! One page that needs nothing but a browser: figures as SVG, each with its numbers in a table.

mod answer;
mod believe;
mod chapter;
mod compose;
mod figure;
mod figures;
mod label;
pub(super) mod pages;
mod sketch;
mod measured;
mod render;
mod run;
mod svg;
#[cfg(test)]
mod tests;
mod view;

pub use render::render;

use super::Format;
use crate::measure::Summary;
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Format, ()> = Entry {
    name: "html",
    summary: "a page for a browser, with figures; it needs no other file and no network",
    options: registry::schema_of::<NoOptions>,
    build: |options, ()| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Html))
    },
};

pub struct Html;

impl Format for Html {
    fn render(&self, summary: &Summary) -> String {
        render(&run::page(summary))
    }
}
