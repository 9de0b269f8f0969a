//! One page that needs nothing but a browser: figures as SVG, each with its numbers in a table.

mod chapter;
mod figure;
mod figures;
pub(super) mod pages;
mod sketch;
