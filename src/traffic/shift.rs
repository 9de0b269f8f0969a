use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::random::mix;
use super::replay::Replay;
use super::{Keys, Random};
use crate::model::Kind;

/// Popularity that moves on: after every so many operations, a share of the rows trades its popularity for that of
/// others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// Operations from one shift to the next, counted from the first of the warm-up.
    #[schemars(range(min = 1))]
    pub every: u64,
    /// The share of rows whose popularity changes at each shift: 1 replaces all hot rows at once, 0.05 a twentieth
    /// of them, 0 none.
    #[serde(default = "all")]
    #[schemars(range(min = 0, max = 1))]
    pub replaced: f64,
}

fn all() -> f64 {
    1.0
}

/// Keys whose popularity shifts: what a ticket asks for stays a pure function of it.
///
/// The n rows lie in about √n groups, row r in group r mod √n. A group changes by a turn: each of its rows takes the
/// popularity of the row a fixed number of places on, so the whole stays a permutation. After e shifts group j has
/// changed ⌊e · replaced + u(j)⌋ times, u(j) uniform in [0, 1) and drawn from the seed. Therefore
///
/// - a shift changes a given row with probability `replaced`, and k of them with min(1, k · `replaced`);
/// - a row keeps its popularity for 1 / `replaced` shifts, rounded up or down;
/// - it comes back to it after about √n changes. A change takes it 0.38 of its group or more away, so a row that was
///   hot is not nearly hot afterwards.
///
/// Of distributions that scatter their ranks, hot rows are spread over the groups by chance, so the hottest rows
/// change nearly independently of each other. Rows inserted since the start keep their popularity.
pub struct Shifting {
    keys: Box<dyn Keys>,
    shift: Shift,
    /// Rows that existed at the start.
    rows: u64,
    groups: u64,
    /// By how many places a turn moves the rows of a group of the smaller size, and of the larger.
    turns: [u64; 2],
    seed: u64,
}

impl Shifting {
    /// The `keys` over `rows` rows, with a popularity that shifts.
    pub fn new(keys: Box<dyn Keys>, shift: Shift, rows: u64, seed: u64) -> Shifting {
        let rows = rows.max(1);
        let groups = rows.isqrt();
        let size = rows / groups;
        Shifting {
            keys,
            shift,
            rows,
            groups,
            turns: [turn(size), turn(size + 1)],
            seed: mix(seed ^ mix(SALT)),
        }
    }

    /// The row that has the popularity at this ticket which row `id` had at the start.
    fn stand_in(&self, id: u64, ticket: u64) -> u64 {
        let (group, place) = (id % self.groups, id / self.groups);
        let size = (self.rows - group).div_ceil(self.groups);
        let turn = self.turns[usize::from(size > self.rows / self.groups)];
        let uniform = (mix(self.seed ^ group) >> 11) as f64 / (1u64 << 53) as f64;
        let changes = ((ticket / self.shift.every) as f64 * self.shift.replaced + uniform) as u64;
        (place + changes % size * turn) % size * self.groups + group
    }
}

/// Keeps the phases of groups apart from whatever else is made of the seed.
const SALT: u64 = 0x5348_4946_5421;

/// The number of places nearest to 0.618 of `size` that reaches every place before it repeats one: turns by the
/// golden section leave the widest gaps between the first few.
fn turn(size: u64) -> u64 {
    let golden = (size as f64 * 0.618_033_988_749_895).round() as u64;
    (golden.max(1)..size).find(|&turn| are_coprime(turn, size)).unwrap_or(1)
}

fn are_coprime(mut a: u64, mut b: u64) -> bool {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}

impl Keys for Shifting {
    fn pick(&self, ticket: u64, population: u64, random: &mut Random) -> u64 {
        let id = self.keys.pick(ticket, population, random);
        if id < self.rows { self.stand_in(id, ticket) } else { id }
    }

    fn pick_before(&self, number: u64, population: u64, random: &mut Random) -> u64 {
        self.keys.pick_before(number, population, random)
    }

    fn rows(&self) -> Option<u64> {
        self.keys.rows()
    }

    fn kind(&self, ticket: u64) -> Option<Kind> {
        self.keys.kind(ticket)
    }

    fn has_writes(&self) -> bool {
        self.keys.has_writes()
    }

    fn length(&self) -> Option<u64> {
        self.keys.length()
    }

    fn recorded_at(&self, ticket: u64) -> Option<Duration> {
        self.keys.recorded_at(ticket)
    }

    fn previous(&self, most: u64) -> Vec<u64> {
        self.keys.previous(most)
    }

    fn replay(&self) -> Option<&Replay> {
        self.keys.replay()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::registry::Choice;
    use crate::traffic::{KEYS, KeyParts, Stream};

    const ROWS: u64 = 20_000;
    const EVERY: u64 = 5_000;
    const TOP: usize = 100;

    /// A hot set of 100 rows that alone is asked for; 5,000 draws miss none of them but once in 10^20.
    fn hot_rows(replaced: f64, seed: u64) -> Box<dyn Keys> {
        let hotspot = r#"{"hotspot": {"hot_keys": 100, "request_share": 1.0}}"#;
        shifting(hotspot, replaced, ROWS, seed)
    }

    /// The distribution of this name, and shifting if anything is replaced.
    fn shifting(choice: &str, replaced: f64, rows: u64, seed: u64) -> Box<dyn Keys> {
        let choice: Choice = serde_json::from_str(choice).unwrap();
        let keys = choice.build(KEYS, KeyParts { rows, seed, folders: Vec::new() }).unwrap();
        if replaced == 0.0 {
            return keys;
        }
        Box::new(Shifting::new(keys, Shift { every: EVERY, replaced }, rows, seed))
    }

    /// The rows asked for between two shifts.
    fn asked_for(keys: &dyn Keys, shifts: u64) -> BTreeSet<u64> {
        let tickets = shifts * EVERY..(shifts + 1) * EVERY;
        tickets.map(|n| keys.pick(n, ROWS, &mut Random::new(1, Stream::Operation, n))).collect()
    }

    /// The share of the hot rows that are still hot `later` shifts on, over all neighbours among the first ones.
    fn overlap(keys: &dyn Keys, later: u64, shifts: u64) -> f64 {
        let hot: Vec<_> = (0..shifts + later).map(|shift| asked_for(keys, shift)).collect();
        assert!(hot.iter().all(|rows| rows.len() == TOP));
        let kept = |one: usize| hot[one].intersection(&hot[one + later as usize]).count();
        (0..shifts as usize).map(kept).sum::<usize>() as f64 / (shifts as usize * TOP) as f64
    }

    #[test]
    fn the_hot_rows_of_neighbouring_shifts_overlap_in_what_was_not_replaced() {
        for replaced in [0.05, 0.3, 0.5, 1.0] {
            let seeds = 40;
            let overlaps = (0..seeds).map(|seed| overlap(&*hot_rows(replaced, seed), 1, 1));
            let measured = overlaps.sum::<f64>() / seeds as f64;
            // A replaced row is by chance replaced by one that was hot before: one in 200.
            let expected = 1.0 - replaced + replaced * TOP as f64 / ROWS as f64;
            // Rows of one group change together: 100 rows in 141 groups at random have 1.7 times the variance.
            let error = (replaced * (1.0 - replaced) * 1.7 / (seeds as f64 * TOP as f64)).sqrt().max(0.002);
            assert!((measured - expected).abs() < 4.0 * error, "{replaced}: {measured} ± {error}");
        }
        // Without a shift nothing changes.
        assert_eq!(overlap(&*hot_rows(0.0, 1), 1, 5), 1.0);
    }

    #[test]
    fn what_is_replaced_adds_up_until_all_is() {
        for (later, expected) in [(1, 0.75), (2, 0.5), (3, 0.25), (4, 0.0), (7, 0.0)] {
            let measured = overlap(&*hot_rows(0.25, 8), later, 8);
            // In any four neighbouring shifts a row changes exactly once, so what is left is who came back by chance.
            assert!((expected..expected + 0.02).contains(&measured), "after {later} shifts: {measured}");
        }
    }

    #[test]
    fn between_two_shifts_and_before_the_first_nothing_changes() {
        let (plain, moved) = (shifting("\"zipfian\"", 0.0, ROWS, 1), shifting("\"zipfian\"", 0.5, ROWS, 1));
        let pick = |keys: &dyn Keys, n| keys.pick(n, ROWS, &mut Random::new(1, Stream::Operation, n));
        assert!((0..EVERY).all(|n| pick(&*plain, n) == pick(&*moved, n)));
        let same = (EVERY..2 * EVERY).filter(|&n| pick(&*plain, n) == pick(&*moved, n)).count();
        assert!(same > 0 && same < EVERY as usize, "{same} of {EVERY}");
    }

    #[test]
    fn at_any_ticket_every_row_has_exactly_one_popularity() {
        for rows in [1, 2, 3, 5, 8, 24, 25, 26, 10_007] {
            let keys = Choice::named("uniform").build(KEYS, KeyParts { rows, seed: 2, folders: Vec::new() });
            let shifting = Shifting::new(keys.unwrap(), Shift { every: 1, replaced: 0.3 }, rows, 2);
            for ticket in [0, 1, 2, 17, 1 << 40] {
                let mut rows: Vec<_> = (0..rows).map(|id| shifting.stand_in(id, ticket)).collect();
                rows.sort_unstable();
                assert!(rows.iter().copied().eq(0..rows.len() as u64), "{} rows, {ticket}", rows.len());
            }
        }
    }

    #[test]
    fn a_row_is_hot_again_only_after_as_many_changes_as_its_group_has_rows() {
        let keys =
            Choice::named("uniform").build(KEYS, KeyParts { rows: ROWS, seed: 2, folders: Vec::new() });
        let shifting = Shifting::new(keys.unwrap(), Shift { every: 1, replaced: 1.0 }, ROWS, 2);
        let back = (1..).find(|&ticket| shifting.stand_in(7, ticket) == 7).unwrap();
        assert_eq!(back, (ROWS - 7).div_ceil(ROWS.isqrt()));
    }

    #[test]
    fn rows_inserted_later_stay_as_they_are() {
        let keys = shifting("\"latest\"", 1.0, 10, 1);
        let pick = |n| keys.pick(n, 1_000_000, &mut Random::new(1, Stream::Operation, n));
        let plain = shifting("\"latest\"", 0.0, 10, 1);
        let expected = |n| plain.pick(n, 1_000_000, &mut Random::new(1, Stream::Operation, n));
        assert!((0..100_000).step_by(97).all(|n| pick(n) == expected(n)));
    }
}
