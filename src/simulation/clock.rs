use crate::registry::OptionsError;
use crate::traffic::traces::Recording;

/// How fast the time of a simulation passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// As in the recording, `speed` times as fast.
    Recorded { speed: f64 },
    /// So many requests a second.
    PerSecond(f64),
}

impl Pace {
    /// Whether time can pass by it.
    ///
    /// # Errors
    /// When it cannot; the message says what would be right.
    pub(super) fn check(self, recording: &Recording) -> Result<(), OptionsError> {
        let (factor, what) = match self {
            Pace::Recorded { speed } => (speed, "speed"),
            Pace::PerSecond(rate) => (rate, "rate"),
        };
        if !(factor.is_finite() && factor > 0.0) {
            return Err(OptionsError(format!("a {what} of {factor} makes no clock, it must be more than 0")));
        }
        match self {
            Pace::Recorded { .. } if recording.span().is_none() => {
                Err(OptionsError("the trace has no times; give it a rate".into()))
            }
            _ => Ok(()),
        }
    }
}

/// Tells the time of a request, in milliseconds since the first.
pub(super) struct Clock<'a> {
    recording: &'a Recording,
    pace: Pace,
}

impl<'a> Clock<'a> {
    pub fn new(recording: &'a Recording, pace: Pace) -> Clock<'a> {
        Clock { recording, pace }
    }

    #[inline]
    pub fn millis(&self, index: u32) -> u64 {
        match self.pace {
            Pace::PerSecond(rate) => (f64::from(index) * 1e3 / rate) as u64,
            Pace::Recorded { speed } => {
                let at = self.recording.request(index.into()).at.unwrap_or_default();
                (at.as_micros() as f64 / (1e3 * speed)) as u64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::traces::{Request, TraceKey};

    fn recording(times: &[Option<u64>]) -> Recording {
        let request = |at_us: &Option<u64>| Request { at_us: *at_us, ..Request::of(TraceKey::Number(1)) };
        Recording::of(times.iter().map(request)).unwrap()
    }

    #[test]
    fn time_passes_by_the_recording_or_by_the_rate() {
        let recording = recording(&[Some(5_000), Some(9_000), Some(25_000)]);
        let millis = |pace| [0, 1, 2].map(|index| Clock::new(&recording, pace).millis(index));
        assert_eq!(millis(Pace::Recorded { speed: 1.0 }), [0, 4, 20]);
        assert_eq!(millis(Pace::Recorded { speed: 2.0 }), [0, 2, 10]);
        assert_eq!(millis(Pace::PerSecond(100.0)), [0, 10, 20]);
    }

    #[test]
    fn a_pace_without_time_is_told() {
        let timed = recording(&[Some(1)]);
        for pace in [Pace::Recorded { speed: 0.0 }, Pace::PerSecond(f64::NAN), Pace::PerSecond(-1.0)] {
            assert!(pace.check(&timed).unwrap_err().to_string().contains("more than 0"));
        }
        let wrong = Pace::Recorded { speed: 1.0 }.check(&recording(&[None])).unwrap_err();
        assert!(wrong.to_string().contains("give it a rate"));
        assert!(Pace::PerSecond(1.0).check(&recording(&[None])).is_ok());
    }
}
