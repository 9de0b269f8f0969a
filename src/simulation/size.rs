use std::fmt;
use std::str::FromStr;

use super::Capacity;
use crate::model::{Size, UnitError};

/// The size of a cache as it is asked for: `1000` entries, `5%` of the unique keys, or `64MB`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum CacheSize {
    Entries(u64),
    /// Of the unique keys.
    Percent(f64),
    Bytes(u64),
}

/// A text that is no size of a cache.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    #[error(
        "`{0}` is no size of a cache; write entries as 1000, a share of the unique keys as 5%, bytes as 64MB, \
         or sizes in equal ratios as 1%..50%/8"
    )]
    Form(String),
    #[error("`{0}` holds nothing; a size is more than 0, and a share at most 100%")]
    Value(String),
    #[error(
        "`{0}` is no range; write it as 1%..50%/8: two sizes of one kind, the smaller first, and from 2 to 1000 steps"
    )]
    Range(String),
}

impl CacheSize {
    /// What a cache of this size holds, of a trace with so many keys; at least one entry.
    pub fn of(self, unique_keys: u64) -> Capacity {
        match self {
            CacheSize::Entries(entries) => Capacity::Entries(entries),
            CacheSize::Percent(percent) => Capacity::Entries(CacheSize::entries(percent, unique_keys)),
            CacheSize::Bytes(bytes) => Capacity::Bytes(bytes),
        }
    }

    /// So many percent of the keys, cut to whole entries, of which there is always one.
    pub fn entries(percent: f64, keys: u64) -> u64 {
        // 0.57 % of 10,000 is 56.99999999999999 in floating point.
        const ERROR: f64 = 1e-12;
        ((keys as f64 * percent / 100.0 * (1.0 + ERROR)) as u64).max(1)
    }

    /// Sizes that are separated by commas, each a size or a range.
    ///
    /// # Errors
    /// When one is neither.
    pub fn list(text: &str) -> Result<Vec<CacheSize>, SizeError> {
        let mut sizes = Vec::new();
        for part in text.split(',') {
            match part.split_once("..") {
                Some((first, rest)) => sizes.extend(range(part, first, rest)?),
                None => sizes.push(part.parse()?),
            }
        }
        // A range of few entries names some twice.
        let mut seen = Vec::new();
        sizes.retain(|size| {
            let new = !seen.contains(size);
            seen.push(*size);
            new
        });
        Ok(sizes)
    }

    fn amount(self) -> f64 {
        match self {
            CacheSize::Entries(amount) | CacheSize::Bytes(amount) => amount as f64,
            CacheSize::Percent(percent) => percent,
        }
    }

    /// The same kind of size, of another amount, in three significant digits.
    fn with(self, amount: f64) -> CacheSize {
        let unit = 10f64.powf(amount.log10().floor() - 2.0);
        let rounded = (amount / unit).round() * unit;
        match self {
            CacheSize::Entries(_) => CacheSize::Entries(rounded.round() as u64),
            CacheSize::Bytes(_) => CacheSize::Bytes(rounded.round() as u64),
            // Written and read again, it is the number that is shown.
            CacheSize::Percent(_) => {
                CacheSize::Percent(format!("{rounded:.6}").parse().unwrap_or(rounded).min(100.0))
            }
        }
    }
}

/// Sizes from the first to the last in equal ratios.
fn range(text: &str, first: &str, rest: &str) -> Result<Vec<CacheSize>, SizeError> {
    let wrong = || SizeError::Range(text.trim().into());
    let (last, steps) = rest.split_once('/').ok_or_else(wrong)?;
    let (first, last): (CacheSize, CacheSize) = (first.parse()?, last.parse()?);
    let steps: u32 = steps.trim().parse().map_err(|_| wrong())?;
    let one_kind = std::mem::discriminant(&first) == std::mem::discriminant(&last);
    if !one_kind || first.amount() >= last.amount() || !(2..=1_000).contains(&steps) {
        return Err(wrong());
    }
    let ratio = (last.amount() / first.amount()).powf(1.0 / f64::from(steps - 1));
    let between = (1..steps - 1).map(|step| first.with(first.amount() * ratio.powi(step as i32)));
    Ok(std::iter::once(first).chain(between).chain([last]).collect())
}

impl FromStr for CacheSize {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<CacheSize, SizeError> {
        let text = text.trim();
        let form = || SizeError::Form(text.into());
        let size = if let Some(percent) = text.strip_suffix('%') {
            CacheSize::Percent(percent.trim().parse().map_err(|_| form())?)
        } else if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
            CacheSize::Entries(text.replace('_', "").parse().map_err(|_| form())?)
        } else {
            let bytes: Result<Size, UnitError> = text.parse();
            CacheSize::Bytes(bytes.map_err(|_| form())?.0)
        };
        let most = if matches!(size, CacheSize::Percent(_)) { 100.0 } else { f64::INFINITY };
        match size.amount() {
            amount if amount > 0.0 && amount <= most => Ok(size),
            _ => Err(SizeError::Value(text.into())),
        }
    }
}

impl fmt::Display for CacheSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CacheSize::Entries(entries) => write!(f, "{entries}"),
            CacheSize::Percent(percent) => write!(f, "{percent}%"),
            CacheSize::Bytes(bytes) => write!(f, "{}", Size(*bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        CacheSize::list(text).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn sizes_are_entries_shares_or_bytes() {
        let sizes = [CacheSize::Entries(1_000), CacheSize::Percent(0.5), CacheSize::Bytes(64_000_000)];
        assert_eq!(CacheSize::list("1_000, 0.5%,64MB").unwrap(), sizes);
        let capacities = sizes.map(|size| size.of(60_734));
        let expected = [Capacity::Entries(1_000), Capacity::Entries(303), Capacity::Bytes(64_000_000)];
        assert_eq!(capacities, expected);
    }

    #[test]
    fn a_share_is_cut_to_whole_entries_of_which_there_is_always_one() {
        assert_eq!(CacheSize::Percent(5.0).of(13_756), Capacity::Entries(687));
        assert_eq!(CacheSize::Percent(1.0).of(20), Capacity::Entries(1));
        assert_eq!([0.57, 32.3, 64.1].map(|percent| CacheSize::entries(percent, 10_000)), [57, 3_230, 6_410]);
    }

    #[test]
    fn a_range_has_equal_ratios_and_its_ends() {
        assert_eq!(shown("1%..16%/5"), ["1%", "2%", "4%", "8%", "16%"]);
        assert_eq!(shown("1..1000/4,7"), ["1", "10", "100", "1000", "7"]);
        assert_eq!(shown("1..4/10"), ["1", "2", "3", "4"]);
        assert_eq!(shown("1MB..4MB/3"), ["1MB", "2MB", "4MB"]);
        assert_eq!(shown("1%..50%/3"), ["1%", "7.07%", "50%"]);
    }

    #[test]
    fn what_is_no_size_is_told_with_what_would_be() {
        for (text, words) in [
            ("many", "64MB"),
            ("", "64MB"),
            ("5%,", "64MB"),
            ("x%", "64MB"),
            ("-5%", "more than 0"),
            ("0", "more than 0"),
            ("0%", "more than 0"),
            ("NaN%", "more than 0"),
            ("101%", "100%"),
            ("1%..50%", "1%..50%/8"),
            ("1%..5000/8", "of one kind"),
            ("50%..1%/8", "the smaller first"),
            ("1%..50%/1", "from 2 to 1000"),
            ("1%..x/8", "64MB"),
        ] {
            let error = CacheSize::list(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
