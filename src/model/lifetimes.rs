use std::sync::Arc;
use std::time::Duration;

use super::Key;

/// How long the entry of each row lives: a time for all, and those that rows have of their own.
#[derive(Clone, Debug, Default)]
pub struct Lifetimes {
    usual: Option<Duration>,
    /// In milliseconds, by the id of the row; [`Lifetimes::NONE`] where it has none of its own.
    own: Option<Arc<[u32]>>,
}

impl Lifetimes {
    /// Stands for a row without a time of its own.
    pub const NONE: u32 = u32::MAX;

    /// The same for all; without a time, until they are evicted or deleted.
    pub fn all(usual: Option<Duration>) -> Lifetimes {
        Lifetimes { usual, own: None }
    }

    /// With times of their own for the first rows, in milliseconds.
    #[must_use]
    pub fn with_own(self, own: Arc<[u32]>) -> Lifetimes {
        Lifetimes { own: Some(own), ..self }
    }

    /// How long the entry of this row lives; without it, until it is evicted or deleted.
    pub fn of(&self, key: &Key) -> Option<Duration> {
        let own = self.own.as_ref().and_then(|own| own.get(usize::try_from(key.id()).ok()?).copied());
        own.filter(|own| *own != Lifetimes::NONE)
            .map_or(self.usual, |own| Some(Duration::from_millis(own.into())))
    }

    /// Whether any entry expires.
    pub fn any(&self) -> bool {
        self.usual.is_some() || self.own.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_lives_by_its_own_time_and_else_by_that_of_all() {
        let of = |lifetimes: &Lifetimes, id| lifetimes.of(&Key::new("c:", id)).map(|life| life.as_millis());
        let usual = Lifetimes::all(Some(Duration::from_secs(5)));
        let own = usual.clone().with_own([700, Lifetimes::NONE].into());
        assert_eq!(
            [0, 1, 2, 1 << 40].map(|id| of(&own, id)),
            [Some(700), Some(5_000), Some(5_000), Some(5_000)]
        );
        assert_eq!(of(&usual, 0), Some(5_000));
        let none = Lifetimes::default();
        assert!(own.any() && !none.any() && of(&none.clone().with_own([700].into()), 1).is_none());
    }
}
