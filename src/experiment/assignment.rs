use std::path::Path;

use super::observer::{Event, Observer, Phase};
use crate::config::Workload;
use crate::engine::Stop;

/// What is to be measured, and who is told of it meanwhile.
#[derive(Clone, Copy)]
pub struct Assignment<'a> {
    pub workload: &'a Workload,
    /// The file of the workload: recordings and certificates are looked for beside it.
    pub file: &'a Path,
    pub observer: &'a dyn Observer,
    pub stop: &'a Stop,
}

impl Assignment<'_> {
    /// Tells what begins now.
    pub fn begin(&self, phase: Phase) {
        self.observer.event(&Event::Phase(phase));
    }
}
