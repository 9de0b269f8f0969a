//! What is drawn of a run, one file a part.

use super::chapter::Part;

/// Every part of a page of a run, in the order of the page.
pub static PARTS: &[Part] = &[];
