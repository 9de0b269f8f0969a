//! Remap: what a change of the cache's nodes moved, and what that should have cost.

mod progress;
mod replica;

use std::time::Instant;

use self::progress::Progress;
use self::replica::Replica;
use super::stage::Stage;
use crate::engine::Drive;
use crate::measure::{Bin, Effect, FaultRecord, RAMP_BIN, Remap};
use crate::store::{Membership, Roster, Then};

/// Of so many nodes each is one bit.
const MOST_NODES: usize = 64;

/// Says of each fault that befell nodes on which clients place keys what it moved, and what a replay of the same tickets,
/// the first of which is `first`, says that it cost.
pub fn remap(stage: &Stage, drive: &Drive, began: Instant, first: u64, faults: &mut [FaultRecord]) {
    let Some(membership) = stage.urls.cache.membership() else { return };
    let is_felt = |fault: &FaultRecord| fault.effect != Effect::None && felt_from(fault).is_some();
    let workload = stage.assignment.workload;
    // Which entries are gone or kept, only the servers know then.
    let is_unknown = |fault: &FaultRecord| {
        let comes_back =
            matches!(fault.effect, Effect::Emptied | Effect::NodeDown(_) | Effect::NodeEmptied(_));
        let has_failed = fault.effect != Effect::None && fault.began_s.is_some() && fault.problem.is_some();
        fault.effect == Effect::Thinned || has_failed || comes_back && !workload.cache.persistence.is_off()
    };
    let are_down_at_once = faults.iter().enumerate().any(|(place, one)| {
        let span = |fault: &FaultRecord| match fault.effect {
            Effect::NodeDown(_) => Some((fault.began_s?, fault.ended_s.unwrap_or(f64::INFINITY))),
            _ => None,
        };
        let Some((from, to)) = span(one) else { return false };
        faults[..place].iter().filter_map(span).any(|(began, ended)| began < to && from < ended)
    });
    let has_copies = workload.cache.hot_keys.is_some_and(|hot| hot.copies > 1)
        || workload.is_divided()
        || !workload.has_one_entry_a_row();
    let is_placed = membership.roster().placement.bound().is_none() && !has_copies;
    if !faults.iter().any(is_felt)
        || faults.iter().any(is_unknown)
        || !is_placed
        || are_down_at_once
        || !workload.cache.prewarm.is_none()
        || stage.assignment.stop.is_requested()
        || membership.everyone().len() > MOST_NODES
        || !workload.conduct().caches
    {
        return;
    }
    let mut course = Course::new(stage, drive, (began, first), membership);
    let mut order: Vec<(f64, Step)> = Vec::new();
    for (place, fault) in faults.iter().enumerate() {
        let Some(at) = felt_from(fault) else { continue };
        order.push((at, Step::Begin(place)));
        if let (Effect::NodeDown(node), Some(ended_s)) = (fault.effect, fault.ended_s) {
            order.push((course.found_again(node, ended_s), Step::Up(node)));
        }
    }
    order.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    for (at, step) in order {
        course.until(at);
        match step {
            Step::Begin(place) => {
                course.conclude(faults);
                course.begin(place, faults[place].effect);
            }
            Step::Up(node) => course.up(node),
        }
    }
    course.until(drive.elapsed.as_secs_f64());
    course.conclude(faults);
}

/// When a fault takes effect for clients, which are told of new nodes once these have started.
fn felt_from(fault: &FaultRecord) -> Option<f64> {
    match fault.effect {
        Effect::Moved => fault.ended_s.filter(|_| fault.problem.is_none()),
        _ => fault.began_s.filter(|_| fault.problem.is_none()),
    }
}

enum Step {
    /// The fault of this place begins.
    Begin(usize),
    /// A node is back.
    Up(usize),
}

/// The replay under way.
struct Course<'a> {
    stage: &'a Stage<'a>,
    drive: &'a Drive,
    membership: &'a Membership,
    progress: Progress,
    /// When the drive did.
    began: Instant,
    first: u64,
    next: u64,
    /// The changes of nodes that have been done.
    changes: usize,
    cache: Replica,
    told: Option<Told>,
}

/// What is being found out about one fault.
struct Told {
    place: usize,
    at_s: f64,
    remap: Remap,
    /// The cache as it would be without it.
    without: Replica,
    /// Rows whose node changed.
    moved: Vec<bool>,
    reads: u64,
    moved_reads: u64,
    /// Reads and hits of the first second.
    first_reads: u64,
    first_hits: u64,
}

impl<'a> Course<'a> {
    fn new(
        stage: &'a Stage<'a>,
        drive: &'a Drive,
        (began, first): (Instant, u64),
        membership: &'a Membership,
    ) -> Course<'a> {
        let workload = stage.assignment.workload;
        let changes = membership.changes();
        let roster = changes.first().map_or_else(|| membership.roster(), |change| change.before.clone());
        let ttl = workload.cache.ttl.map(|ttl| ttl.0);
        let rows = stage.traffic.rows_after(drive.next_ticket);
        let places = places(stage, membership, &roster, rows, None);
        let mut cache = Replica::new(places, workload.cache.preload, ttl, workload.conduct().leaves);
        // Whatever came before has filled it.
        for ticket in 0..first {
            cache.apply(&stage.traffic.operation(ticket), 0.0);
        }
        let progress = Progress::of(&drive.windows);
        Course {
            stage,
            drive,
            membership,
            progress,
            began,
            first,
            next: first,
            changes: 0,
            cache,
            told: None,
        }
    }

    /// Goes on to this time.
    fn until(&mut self, seconds: f64) {
        let end = (self.first + self.progress.at(seconds)).min(self.drive.next_ticket);
        while self.next < end {
            let operation = self.stage.traffic.operation(self.next);
            let now = self.progress.when(self.next - self.first) as f32;
            self.next += 1;
            let seen = self.cache.apply(&operation, now);
            let Some(told) = &mut self.told else { continue };
            let without = told.without.apply(&operation, now);
            told.remap.expected_loads += seen.reads - seen.hits;
            told.remap.expected_without += without.reads - without.hits;
            if f64::from(now) < told.at_s + 1.0 {
                told.first_reads += seen.reads;
                told.first_hits += seen.hits;
            }
            let of_one = (seen.reads > 0 && operation.keys.is_empty()).then_some(&operation.key);
            for key in operation.keys.iter().chain(of_one) {
                told.reads += 1;
                told.moved_reads += u64::from(told.moved.get(key.id() as usize) == Some(&true));
            }
        }
    }

    fn begin(&mut self, place: usize, effect: Effect) {
        let at_s = self.progress.when(self.next - self.first);
        let now = at_s as f32;
        let before = self.cache.clone();
        let mut remap = Remap::default();
        let roster = self.roster();
        (remap.from, remap.to) = (roster.nodes.len() as u32, roster.nodes.len() as u32);
        let mut moved: Vec<bool> = Vec::new();
        match effect {
            Effect::None | Effect::Thinned => {}
            Effect::Emptied => {
                self.cache.empty(None);
                moved = vec![true; before.places().len()];
            }
            Effect::NodeEmptied(node) => {
                self.cache.empty(Some(node as u8));
                moved = on(&before, node);
            }
            Effect::NodeDown(node) => {
                self.cache.empty(Some(node as u8));
                remap.to -= 1;
                if self.passes_on() {
                    let rows = before.places().len() as u64;
                    self.cache.place(places(self.stage, self.membership, &roster, rows, Some(node)));
                } else {
                    self.cache.set_down(Some(node as u8));
                }
                moved = on(&before, node);
            }
            Effect::Moved => {
                let Some(change) = self.membership.changes().get(self.changes).cloned() else { return };
                self.changes += 1;
                (remap.from, remap.to) = (change.before.nodes.len() as u32, change.after.nodes.len() as u32);
                let rows = before.places().len() as u64;
                self.cache.place(places(self.stage, self.membership, &change.after, rows, None));
                let stays = |node: u8| {
                    let everyone = self.membership.everyone();
                    let name = &everyone[usize::from(node)].name;
                    change.before.nodes.place(name).is_some() && change.after.nodes.place(name).is_some()
                };
                let stays: Vec<bool> = (0..self.membership.everyone().len() as u8).map(stays).collect();
                let pairs = || before.places().iter().zip(self.cache.places());
                moved = pairs().map(|(from, to)| from != to).collect();
                let both = |(from, to): &(&u8, &u8)| {
                    from != to && stays[usize::from(**from)] && stays[usize::from(**to)]
                };
                remap.needless = pairs().filter(both).count() as f64 / moved.len().max(1) as f64;
            }
        }
        let had = |row: &usize| before.has(*row, now);
        let lost = |row: &usize| before.has(*row, now) && !self.cache.has(*row, now);
        remap.entries = (0..moved.len()).filter(had).count() as u64;
        remap.entries_moved = (0..moved.len()).filter(lost).count() as u64;
        remap.keys = moved.iter().filter(|moved| **moved).count() as f64 / moved.len().max(1) as f64;
        self.told = Some(Told {
            place,
            at_s,
            remap,
            without: before,
            moved,
            reads: 0,
            moved_reads: 0,
            first_reads: 0,
            first_hits: 0,
        });
    }

    /// A node that was down is back, with nothing.
    fn up(&mut self, node: usize) {
        self.cache.set_down(None);
        self.cache.empty(Some(node as u8));
        if self.passes_on() {
            let rows = self.cache.places().len() as u64;
            self.cache.place(places(self.stage, self.membership, &self.roster(), rows, None));
        }
    }

    /// Puts what was found out to its fault.
    fn conclude(&mut self, faults: &mut [FaultRecord]) {
        let Some(told) = self.told.take() else { return };
        let mut remap = told.remap;
        // With the whole of the bin in which it began: what came before in that bin is little.
        let bin = |seconds: f64| (seconds / RAMP_BIN.as_secs_f64()) as usize;
        let end_s = self.progress.when(self.next - self.first);
        let bins = |from: f64, to: f64| {
            let end = bin(to).min(self.drive.bins.len());
            Bin::sum(&self.drive.bins[bin(from).min(end)..end])
        };
        remap.loads = bins(told.at_s, end_s).loads;
        remap.hit_rate = bins(told.at_s, end_s.min(told.at_s + 1.0)).hit_rate();
        let share = |part: u64, all: u64| (all > 0).then(|| part as f64 / all as f64);
        remap.expected_hit_rate = share(told.first_hits, told.first_reads);
        remap.requests = share(told.moved_reads, told.reads).unwrap_or(0.0);
        faults[told.place].remap = Some(remap);
    }

    /// When clients asked a node again that answered from `ended_s` on: once their circuits had closed, on average.
    fn found_again(&self, node: usize, ended_s: f64) -> f64 {
        let everyone = self.membership.everyone();
        let Some(member) = everyone.get(node) else { return ended_s };
        let since = |at: Instant| at.saturating_duration_since(self.began).as_secs_f64();
        let closings = member.counts.closings().into_iter().map(since);
        let closed: Vec<f64> = closings.filter(|at_s| *at_s >= ended_s - 0.1).collect();
        if closed.is_empty() { ended_s } else { closed.iter().sum::<f64>() / closed.len() as f64 }
    }

    /// The nodes after the changes that have been done.
    fn roster(&self) -> std::sync::Arc<Roster> {
        let changes = self.membership.changes();
        match self.changes.checked_sub(1) {
            Some(last) => changes[last].after.clone(),
            None => changes.first().map_or_else(|| self.membership.roster(), |change| change.before.clone()),
        }
    }

    /// Whether another node takes the place of one that is down.
    fn passes_on(&self) -> bool {
        let breaker = self.stage.assignment.workload.cache.breaker.options();
        breaker.is_some_and(|breaker| breaker.then == Then::NextNode)
    }
}

/// Which rows a node has to answer for.
fn on(cache: &Replica, node: usize) -> Vec<bool> {
    cache.places().iter().map(|place| usize::from(*place) == node).collect()
}

/// The node of each row, by its place among all that ever were; `down` is passed over.
fn places(
    stage: &Stage,
    membership: &Membership,
    roster: &Roster,
    rows: u64,
    down: Option<usize>,
) -> Vec<u8> {
    let everyone = membership.everyone();
    let number = |name: &str| everyone.iter().position(|member| member.name == name).unwrap_or(0);
    let numbers: Vec<usize> = roster.nodes.names().map(number).collect();
    let is_open = |node: usize| Some(numbers[node]) != down;
    let place = |id: u64| {
        let key = stage.traffic.key(id);
        let node = match down {
            None => Some(roster.placement.node(key.name())),
            Some(_) => roster.placement.open_node(key.name(), &is_open),
        };
        numbers[node.unwrap_or(0)] as u8
    };
    (0..rows).map(place).collect()
}
