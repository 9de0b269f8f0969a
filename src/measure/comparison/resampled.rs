//! How often a comparison of a program with itself is wrong, on a machine that is not quiet.

use super::{Better, Comparison, Outcome, Series, judge};
use crate::measure::Unit;
use crate::measure::inference::Noise;

/// Runs one after the other: what the machine does comes and goes slowly (AR(1), 0.7 of it stays), one run in twenty is
/// late by up to 30 %, and each number scatters by itself.
struct Machine {
    noise: Noise,
    state: f64,
    /// The deviation of a number from what its run would have it.
    scatter: f64,
}

impl Machine {
    /// What a run of a program that is `by` slower tells of each metric.
    fn run(&mut self, by: f64, metrics: usize) -> Vec<f64> {
        self.state = 0.7 * self.state + 0.02 * self.noise.normal();
        let late = if self.noise.unit() < 0.05 { 0.3 * self.noise.unit() } else { 0.0 };
        let own = |noise: &mut Noise| self.state + late + self.scatter * noise.normal() + by;
        (0..metrics).map(|_| 500.0 * own(&mut self.noise).exp()).collect()
    }

    /// A comparison of blocks in which base, head and base again take turns in an order that is drawn.
    fn compared(&mut self, by: f64, metrics: usize) -> Outcome {
        const BLOCKS: usize = 8;
        let empty = |metric: usize| Series {
            cell: "direct".into(),
            metric: format!("m{metric}.p50"),
            unit: Unit::Us,
            better: Better::Less,
            base: vec![],
            head: vec![],
            again: vec![],
        };
        let mut series: Vec<Series> = (0..metrics).map(empty).collect();
        for _ in 0..BLOCKS {
            let mut order = [0, 1, 2];
            for place in [2, 1] {
                order.swap(place, (self.noise.unit() * (place as f64 + 1.0)).ceil() as usize - 1);
            }
            for side in order {
                let told = self.run(if side == 1 { by } else { 0.0 }, metrics);
                for (one, value) in series.iter_mut().zip(told) {
                    [&mut one.base, &mut one.head, &mut one.again][side].push(value);
                }
            }
        }
        let times = judge(&series).unwrap();
        Comparison { times, interleaved: true, ..Comparison::default() }.overall()
    }
}

fn regressed(trials: usize, scatter: f64, by: f64, metrics: usize) -> usize {
    let mut machine = Machine { noise: Noise::new(metrics as u64), state: 0.0, scatter };
    (0..trials).filter(|_| machine.compared(by, metrics) == Outcome::Regressed).count()
}

#[test]
fn of_a_hundred_comparisons_of_a_program_with_itself_one_is_wrong_at_most() {
    for (scatter, metrics) in [(0.02, 1), (0.02, 6), (0.05, 1), (0.05, 6)] {
        let wrong = regressed(1_000, scatter, 0.0, metrics);
        assert!(wrong <= 10, "{wrong} of 1000 with {metrics} metrics at {scatter}");
    }
}

#[test]
fn a_program_that_got_slower_is_found_out_on_the_same_machine() {
    let right = regressed(200, 0.02, 0.15, 1);
    assert!(right > 140, "{right} of 200");
}
