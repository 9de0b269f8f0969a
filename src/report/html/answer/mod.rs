//! The answer of a run in one sentence, by rules from its numbers.

mod best;
mod kinds;
mod trade_off;

use super::figure::Tone;
use crate::measure::{Status, Summary};
use crate::report::expectations::tally;
use crate::report::results::conclusion;

/// What came out, in a sentence, and whether that is good.
///
/// What may not be believed is no answer; a difference that is smaller than that of repeats is none either.
pub fn answer(summary: &Summary) -> (String, Tone) {
    let is_measured = summary.cells.iter().any(|cell| !cell.repeats.is_empty());
    let is_searched = summary.cells.iter().any(|cell| cell.capacity.is_some());
    let is_broken =
        summary.cells.iter().any(|cell| matches!(cell.status(), Status::Invalid | Status::Failed));
    if summary.interrupted || is_broken || !(is_measured || is_searched) {
        let tone = if is_broken || summary.is_unmet() { Tone::Bad } else { Tone::Doubtful };
        return (sentence(&conclusion(summary).replace("; see the reasons above", "")), tone);
    }
    let told = kinds::told(summary);
    match tally(summary) {
        Some(tally) if summary.is_unmet() => (sentence(&format!("{tally}: {told}")), Tone::Bad),
        Some(tally) => (sentence(&format!("{told}; {tally}")), Tone::Good),
        None => (sentence(&told), Tone::Plain),
    }
}

/// With a full stop at its end. The name of a cell may begin it, so its first letter stays as it is.
fn sentence(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    format!("{text}.")
}

#[cfg(test)]
mod tests;
