use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Account, Metrics, Unit};

/// What the end of a measurement left, every row looked at: the load has ended and all is drained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// Rows that were looked at, those that were deleted included.
    pub rows: u64,
    /// The cache's entries against the database's rows; nothing if the cache did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheAudit>,
    /// Why the cache was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// The database's rows against what was acknowledged.
    pub writes: WriteAudit,
}

/// Entries by how they compare with their rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CacheAudit {
    pub at_end: Compared,
    /// The entries that differed, looked at again some time later.
    pub rechecks: Vec<Recheck>,
    /// The longest that one of them will live on, in milliseconds, as they were at the end; nothing if one does not
    /// expire, or none differed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_ttl_ms: Option<u64>,
    /// The first of them.
    pub examples: Vec<Difference>,
}

/// How many entries compare in this way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// The cache has no entry.
    pub absent: u64,
    /// It has the row as the database does.
    pub equal: u64,
    /// It has an older version.
    pub behind: u64,
    /// It has a version that the database does not have: a phantom, or an acknowledged write that never got there.
    pub ahead: u64,
    /// It has the same version with another body: one of two writes was lost.
    pub conflicting: u64,
}

/// How the entries that differed compare later.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recheck {
    /// Seconds after the end.
    pub after_s: f64,
    pub found: Compared,
}

/// An entry that differs from its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    pub row: u64,
    pub cached_version: u64,
    /// 0 if the database has no such row.
    pub stored_version: u64,
    /// How long the entry would still live, in milliseconds; nothing if it does not expire.
    pub ttl_ms: Option<u64>,
}

/// What became of the writes, warm-up included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WriteAudit {
    pub acknowledged: u64,
    /// Writes that failed for their caller: whether they took effect is unknown.
    pub indeterminate: u64,
    /// Acknowledged writes that left no version in the database, at least: those beyond final − initial version.
    pub lost_updates: u64,
    /// And at most, had every indeterminate write taken effect.
    pub lost_updates_at_most: u64,
    /// Versions that were acknowledged and that the database has not reached.
    pub lost_writes: u64,
    /// Rows with lost updates.
    pub rows_with_losses: u64,
    /// The most that one row lost.
    pub most_of_one_row: u64,
    /// Versions beyond all writes that were sent: somebody else's.
    pub unexplained: u64,
    /// The first rows with losses.
    pub examples: Vec<Loss>,
}

/// A row that lost acknowledged writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Loss {
    pub row: u64,
    pub acknowledged: u64,
    pub indeterminate: u64,
    pub initial_version: u64,
    pub final_version: u64,
}

/// How many rows are shown of a kind.
pub const EXAMPLES: usize = 20;

impl Compared {
    /// Entries that differ from their rows.
    pub fn divergent(&self) -> u64 {
        self.behind + self.ahead + self.conflicting
    }

    /// Counts an entry, by its version and checksum, against its row's; answers whether it differs.
    pub fn count(&mut self, cached: Option<(u64, u64)>, stored: (u64, u64)) -> bool {
        let Some(cached) = cached else {
            self.absent += 1;
            return false;
        };
        match cached.0.cmp(&stored.0) {
            std::cmp::Ordering::Less => self.behind += 1,
            std::cmp::Ordering::Greater => self.ahead += 1,
            std::cmp::Ordering::Equal if cached.1 != stored.1 => self.conflicting += 1,
            std::cmp::Ordering::Equal => {
                self.equal += 1;
                return false;
            }
        }
        true
    }
}

impl WriteAudit {
    /// Counts a row whose last version in the database is `stored`, 0 for none.
    pub fn count(&mut self, row: u64, account: &Account, stored: u64) {
        let made = stored.saturating_sub(account.initial);
        self.acknowledged += account.acknowledged;
        self.indeterminate += account.indeterminate;
        self.lost_writes += account.newest.saturating_sub(stored);
        self.lost_updates_at_most +=
            (account.acknowledged + account.indeterminate).saturating_sub(made).min(account.acknowledged);
        self.unexplained += made.saturating_sub(account.acknowledged + account.indeterminate);
        let lost = account.acknowledged.saturating_sub(made);
        if lost > 0 {
            self.lost_updates += lost;
            self.rows_with_losses += 1;
            self.most_of_one_row = self.most_of_one_row.max(lost);
            if self.examples.len() < EXAMPLES {
                self.examples.push(Loss {
                    row,
                    acknowledged: account.acknowledged,
                    indeterminate: account.indeterminate,
                    initial_version: account.initial,
                    final_version: stored,
                });
            }
        }
    }
}

impl Audit {
    /// Takes what it found of writes out of the metrics.
    pub fn forget(&self, metrics: &mut Metrics) {
        for name in ["acknowledged_writes", "indeterminate_writes", "lost_updates", "lost_writes"] {
            // A value that is no number is left out.
            metrics.put(name, f64::NAN, Unit::Count);
        }
    }

    /// Adds what it found to the metrics.
    pub fn tell(&self, metrics: &mut Metrics) {
        let mut put = |name: &str, count: u64| metrics.put(name, count as f64, Unit::Count);
        if let Some(cache) = &self.cache {
            let last = cache.rechecks.last().map_or(cache.at_end, |recheck| recheck.found);
            put("audit.absent", cache.at_end.absent);
            put("audit.equal", cache.at_end.equal);
            put("audit.behind", cache.at_end.behind);
            put("audit.ahead", cache.at_end.ahead);
            put("audit.conflicting", cache.at_end.conflicting);
            put("audit.divergent", cache.at_end.divergent());
            put("divergent_keys", last.divergent());
        }
        put("acknowledged_writes", self.writes.acknowledged);
        put("indeterminate_writes", self.writes.indeterminate);
        put("lost_updates", self.writes.lost_updates);
        put("lost_writes", self.writes.lost_writes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_compared_by_version_and_then_by_body() {
        let mut found = Compared::default();
        for (cached, differs) in [
            (None, false),
            (Some((3, 7)), false),
            (Some((2, 7)), true),
            (Some((4, 7)), true),
            (Some((3, 8)), true),
        ] {
            assert_eq!(found.count(cached, (3, 7)), differs, "{cached:?}");
        }
        assert_eq!(found, Compared { absent: 1, equal: 1, behind: 1, ahead: 1, conflicting: 1 });
        assert_eq!(found.divergent(), 3);
    }

    #[test]
    fn a_write_that_left_no_version_is_lost_and_an_indeterminate_one_stands_apart() {
        let account = |acknowledged, indeterminate, newest| Account {
            initial: 1,
            acknowledged,
            indeterminate,
            newest,
            stored: 1,
        };
        let mut audit = WriteAudit::default();
        audit.count(0, &account(3, 0, 4), 4);
        assert_eq!((audit.lost_updates, audit.lost_updates_at_most, audit.lost_writes), (0, 0, 0));
        // Four versions for three acknowledged writes: the indeterminate one took effect. Or it did not, and …
        audit.count(1, &account(3, 1, 5), 5);
        assert_eq!((audit.lost_updates, audit.lost_updates_at_most, audit.unexplained), (0, 0, 0));
        // … one of the acknowledged was lost.
        audit.count(2, &account(3, 1, 4), 4);
        assert_eq!((audit.lost_updates, audit.lost_updates_at_most), (0, 1));
        audit.count(3, &account(5, 0, 6), 2);
        assert_eq!((audit.lost_updates, audit.lost_updates_at_most, audit.lost_writes), (4, 5, 4));
        assert_eq!((audit.rows_with_losses, audit.most_of_one_row, audit.examples[0].row), (1, 4, 3));
        audit.count(4, &account(0, 0, 1), 3);
        assert_eq!(audit.unexplained, 2);
    }
}
