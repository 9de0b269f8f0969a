use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Time;

/// When a client stops asking a node of the cache that does not answer, and who is asked instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerOptions {
    /// So many failures in a row open the circuit: the node is not asked any more.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub failures: u32,
    /// No answer within this time is a failure.
    pub timeout: Time,
    /// For how long it is not asked; then one request tries it, and closes the circuit or opens it again.
    pub open_for: Time,
    /// Who is asked meanwhile.
    pub then: Then,
}

/// Who is asked in place of a node whose circuit is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// Nobody: the request fails at once, as that of a cache that is down, and reads go to the database.
    #[default]
    Database,
    /// The node that comes next in the key's own order, as if this one were gone. When it is back, it has what it had.
    NextNode,
}

impl Default for BreakerOptions {
    fn default() -> BreakerOptions {
        BreakerOptions {
            failures: 5,
            timeout: Time(Duration::from_millis(100)),
            open_for: Time(Duration::from_secs(1)),
            then: Then::Database,
        }
    }
}

impl fmt::Display for BreakerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BreakerOptions { failures, timeout, open_for, then } = self;
        let then = match then {
            Then::Database => "fails at once",
            Then::NextNode => "goes to the next node",
        };
        write!(f, "{failures} failures in a row, of {timeout} each at most; {then} for {open_for}")
    }
}

/// A circuit breaker (Nygard, Release It!, "Circuit Breaker"), as one client keeps it for one node.
pub struct Breaker {
    pub options: BreakerOptions,
    failures: AtomicU32,
    /// Until when the circuit is open, in nanoseconds since `born`; 0 while it is closed.
    open_until: AtomicU64,
    born: Instant,
}

/// Whether a node may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circuit {
    Closed,
    Open,
    /// It was open for long enough: whoever gets here first is to try.
    Due,
}

impl Breaker {
    pub fn new(options: BreakerOptions) -> Breaker {
        Breaker { options, failures: AtomicU32::new(0), open_until: AtomicU64::new(0), born: Instant::now() }
    }

    pub fn circuit(&self) -> Circuit {
        match self.open_until.load(Relaxed) {
            0 => Circuit::Closed,
            until if self.now() < until => Circuit::Open,
            _ => Circuit::Due,
        }
    }

    /// Takes it on oneself to try a node whose circuit is due; only one gets it, for as long as an open circuit lasts.
    pub fn may_try(&self) -> bool {
        let until = self.open_until.load(Relaxed);
        let is_due = until > 0 && self.now() >= until;
        is_due && self.open_until.compare_exchange(until, self.end(), Relaxed, Relaxed).is_ok()
    }

    /// The node has answered; says whether that closes the circuit.
    pub fn succeeded(&self) -> bool {
        // Stores are rare: all clients of an instance share these lines of memory.
        if self.failures.load(Relaxed) > 0 {
            self.failures.store(0, Relaxed);
        }
        self.open_until.load(Relaxed) > 0 && self.open_until.swap(0, Relaxed) > 0
    }

    /// The node has not answered; says whether that opens the circuit.
    pub fn failed(&self) -> bool {
        let failures = self.failures.fetch_add(1, Relaxed).saturating_add(1);
        if failures < self.options.failures {
            return false;
        }
        // Late failures of requests that were sent before it opened do not put off the next try.
        self.open_until.compare_exchange(0, self.end(), Relaxed, Relaxed).is_ok()
    }

    fn end(&self) -> u64 {
        self.now() + self.options.open_for.0.as_nanos() as u64
    }

    fn now(&self) -> u64 {
        // Never 0, which means closed.
        self.born.elapsed().as_nanos() as u64 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker(open_for: Duration) -> Breaker {
        Breaker::new(BreakerOptions { failures: 3, open_for: Time(open_for), ..BreakerOptions::default() })
    }

    #[test]
    fn failures_in_a_row_open_it_and_an_answer_closes_it() {
        let breaker = breaker(Duration::from_secs(60));
        assert!(!breaker.failed() && !breaker.failed());
        breaker.succeeded();
        assert_eq!(
            [breaker.failed(), breaker.failed(), breaker.failed(), breaker.failed()],
            [false, false, true, false]
        );
        assert_eq!((breaker.circuit(), breaker.may_try()), (Circuit::Open, false));
        breaker.succeeded();
        assert_eq!(breaker.circuit(), Circuit::Closed);
    }

    #[test]
    fn once_it_is_due_one_tries_and_the_others_wait_for_the_outcome() {
        let breaker = breaker(Duration::ZERO);
        (0..3).for_each(|_| assert!(breaker.failed() || breaker.circuit() == Circuit::Closed));
        assert_eq!(breaker.circuit(), Circuit::Due);
        let breaker = Breaker {
            options: BreakerOptions { open_for: Time(Duration::from_secs(60)), ..breaker.options },
            ..breaker
        };
        assert!(breaker.may_try());
        assert_eq!((breaker.circuit(), breaker.may_try()), (Circuit::Open, false));
        breaker.succeeded();
        assert_eq!(breaker.circuit(), Circuit::Closed);
    }
}
