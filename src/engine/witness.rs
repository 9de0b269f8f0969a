use std::sync::Arc;

use super::prober::Prober;
use crate::measure::{Judgement, Ledger, ReadFloor, Sales, Session};
use crate::model::{Found, Kind, Operation, Outcome, Served, Timing, Value};

/// One client's witness: has every read judged and every write accounted for.
pub struct Witness {
    ledger: Arc<Ledger>,
    sales: Arc<Sales>,
    prober: Option<Arc<Prober>>,
    session: Session,
    /// The row of a write under way.
    writing: Option<u64>,
    /// The row of a decrement under way, and its units.
    selling: Option<(u64, u32)>,
}

/// What a call's reads must not fall behind: that of its row, and those of its rows where it has several.
pub struct Expected {
    one: ReadFloor,
    many: Vec<ReadFloor>,
}

impl Witness {
    pub fn new(ledger: Arc<Ledger>, sales: Arc<Sales>, prober: Option<Arc<Prober>>) -> Witness {
        Witness { ledger, sales, prober, session: Session::default(), writing: None, selling: None }
    }

    /// To be called before an operation is sent.
    pub fn before(&mut self, operation: &Operation) -> Expected {
        let id = operation.key.id();
        let mut expected = Expected { one: ReadFloor::default(), many: Vec::new() };
        match operation.kind {
            Kind::Read => expected.one = self.ledger.before_read(id),
            Kind::MultiRead => {
                expected.many = operation.keys.iter().map(|key| self.ledger.before_read(key.id())).collect();
            }
            Kind::Write | Kind::Insert | Kind::Delete => {
                self.ledger.before_write(id);
                self.writing = Some(id);
            }
            // No version is made.
            Kind::Fill | Kind::Invalidate => {}
            Kind::Decrement => {
                self.sales.begin(id, operation.quantity);
                self.selling = Some((id, operation.quantity));
            }
        }
        expected
    }

    /// To be called instead of sending it.
    pub fn leave_out(&mut self, operation: &Operation, expected: &Expected) {
        self.unread_again(operation, expected);
        if let Some(id) = self.writing.take() {
            self.ledger.without_effect(id);
        }
        if let Some((id, units)) = self.selling.take() {
            self.sales.close(id, units, false);
        }
    }

    /// The reads of an operation told nothing.
    fn unread_again(&self, operation: &Operation, expected: &Expected) {
        self.ledger.unread_again(operation.key.id(), expected.one);
        for (key, floor) in operation.keys.iter().zip(&expected.many) {
            self.ledger.unread_again(key.id(), *floor);
        }
    }

    /// What is found of each row that the operation read, once it has ended.
    pub fn after(
        &mut self,
        operation: &Operation,
        outcome: &Outcome,
        expected: Expected,
        timing: Timing,
        mut judge: impl FnMut(Judgement),
    ) {
        let id = operation.key.id();
        let writing = self.writing.take();
        // A decrement that failed stays open: whether it took effect is unknown.
        self.selling = None;
        match outcome {
            Outcome::Read { served, value } => {
                judge(self.read(id, expected.one, *served, value.as_ref(), timing));
            }
            Outcome::ReadMany(found) => {
                for ((key, Found { served, value }), floor) in
                    operation.keys.iter().zip(found).zip(expected.many)
                {
                    judge(self.read(key.id(), floor, *served, value.as_ref(), timing));
                }
            }
            Outcome::Written { version: Some(version) } => {
                self.ledger.acknowledged(id, *version, (timing.started, timing.finished));
                self.session.wrote(id, *version);
                if let Some(prober) = &self.prober {
                    prober.offer(&operation.key, *version, timing.finished);
                }
            }
            Outcome::Written { version: None } => self.ledger.without_effect(id),
            Outcome::Decremented { left } => self.sales.close(id, operation.quantity, left.is_some()),
            Outcome::Told { .. } => {}
            Outcome::Failed(_) => {
                self.unread_again(operation, &expected);
                if writing.is_some() {
                    self.ledger.indeterminate(id);
                }
            }
        }
    }

    fn read(
        &self,
        id: u64,
        floor: ReadFloor,
        served: Served,
        value: Option<&Value>,
        timing: Timing,
    ) -> Judgement {
        let version = value.map_or(0, |value| value.version);
        let freshness = self.ledger.after_read(id, floor, version, (timing.started, timing.finished));
        Judgement {
            freshness,
            // Whoever misses a write of its own misses an acknowledged one.
            own_write_missed: freshness.stale.is_some() && self.session.misses_own_write(id, version),
            after_write: floor.first_after_write().map(|written| served.is_hit() && version >= written),
            served,
        }
    }
}

impl Drop for Witness {
    /// A write that was given up may have taken effect.
    fn drop(&mut self) {
        if let Some(id) = self.writing.take() {
            self.ledger.indeterminate(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Failure, Key, Moment, Payload};

    fn operation(kind: Kind) -> Operation {
        Operation {
            ticket: 0,
            kind,
            key: Key::new("w:", 1),
            keys: Vec::new(),
            quantity: 0,
            payload: Payload::default(),
            scans: false,
        }
    }

    fn run(witness: &mut Witness, kind: Kind, outcome: Outcome) -> Option<Judgement> {
        let (operation, now) = (operation(kind), Moment::now());
        let expected = witness.before(&operation);
        let mut found = None;
        let timing = Timing { intended: now, started: now, finished: Moment::now() };
        witness.after(&operation, &outcome, expected, timing, |judgement| found = Some(judgement));
        found
    }

    fn read(version: u64) -> Outcome {
        Outcome::Read { served: Served::Hit, value: Some(Value { version, ..Value::default() }) }
    }

    #[test]
    fn a_client_that_misses_its_own_write_is_told_apart_from_others() {
        let ledger = Arc::new(Ledger::new(2, 2));
        let (mut one, mut other) = (
            Witness::new(ledger.clone(), Arc::new(Sales::new(0)), None),
            Witness::new(ledger, Arc::new(Sales::new(0)), None),
        );
        run(&mut one, Kind::Write, Outcome::Written { version: Some(2) });
        let judged = run(&mut one, Kind::Read, read(1)).unwrap();
        assert!(judged.own_write_missed && judged.freshness.stale.is_some());
        assert_eq!(judged.after_write, Some(false));
        let judged = run(&mut other, Kind::Read, read(1)).unwrap();
        assert!(!judged.own_write_missed && judged.freshness.stale.is_some());
        assert_eq!(run(&mut one, Kind::Read, read(2)).unwrap(), Judgement::default());
    }

    #[test]
    fn every_write_is_accounted_for_however_it_ended() {
        let ledger = Arc::new(Ledger::new(2, 2));
        let mut witness = Witness::new(ledger.clone(), Arc::new(Sales::new(0)), None);
        run(&mut witness, Kind::Write, Outcome::Written { version: Some(2) });
        run(&mut witness, Kind::Write, Outcome::Failed(Failure::Timeout));
        run(&mut witness, Kind::Delete, Outcome::Written { version: None });
        run(&mut witness, Kind::Read, Outcome::Failed(Failure::Timeout));
        let expected = witness.before(&operation(Kind::Write));
        witness.leave_out(&operation(Kind::Write), &expected);
        witness.before(&operation(Kind::Write));
        drop(witness);
        let account = ledger.account(1).unwrap();
        assert_eq!((account.acknowledged, account.indeterminate), (1, 2));
        // Of five writes begun, two are known to have made no version.
        let floor = ledger.before_read(1);
        let now = (Moment::now(), Moment::now());
        assert!(!ledger.after_read(1, floor, 4, now).future && ledger.after_read(1, floor, 5, now).future);
    }
}
