use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Rows on a page: 16 KiB.
const PAGE: u64 = 1 << 17;
/// Pages of a region.
const PAGES: u64 = 1 << 14;
/// Ids from here on are those of rows that never exist, which lie in a region of their own.
const FAR: u64 = 1 << 40;

type Page = Box<[AtomicU64]>;
type Region = OnceLock<Box<[OnceLock<Page>]>>;

/// The rows whose entry has ever been in the cache: a bit for each, on pages made with the first.
///
/// Of each region there is room for 2^31 rows; those beyond are never noted.
#[derive(Default)]
pub struct Entered {
    regions: [Region; 2],
}

impl Entered {
    /// The cache has taken an entry of this row.
    pub fn enter(&self, id: u64) {
        let Some((region, page, bit)) = place(id) else { return };
        let pages = self.regions[region].get_or_init(|| (0..PAGES).map(|_| OnceLock::new()).collect());
        let page = pages[page].get_or_init(|| (0..PAGE / 64).map(|_| AtomicU64::new(0)).collect());
        page[bit / 64].fetch_or(1 << (bit % 64), Relaxed);
    }

    /// Whether the cache has ever taken an entry of this row.
    pub fn has(&self, id: u64) -> bool {
        let has = || {
            let (region, page, bit) = place(id)?;
            let page = self.regions[region].get()?[page].get()?;
            Some(page[bit / 64].load(Relaxed) >> (bit % 64) & 1 == 1)
        };
        has().unwrap_or(false)
    }
}

/// The region, the page and the bit of a row.
fn place(id: u64) -> Option<(usize, usize, usize)> {
    let (region, id) = if id < FAR { (0, id) } else { (1, id - FAR) };
    (id < PAGE * PAGES).then_some((region, (id / PAGE) as usize, (id % PAGE) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_known_once_it_has_entered_and_no_other() {
        let entered = Entered::default();
        let ids = [0, 1, 63, 64, PAGE - 1, PAGE, PAGE * PAGES - 1, FAR, FAR + 5];
        for (so_far, &id) in ids.iter().enumerate() {
            assert!(ids[so_far..].iter().all(|&later| !entered.has(later)), "{id}");
            entered.enter(id);
            assert!(ids[..=so_far].iter().all(|&earlier| entered.has(earlier)), "{id}");
        }
        for id in [PAGE * PAGES, FAR + PAGE * PAGES, u64::MAX] {
            entered.enter(id);
            assert!(!entered.has(id));
        }
    }
}
