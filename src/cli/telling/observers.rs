use crate::experiment::{Event, Observer};

/// Several that watch one run.
pub struct Observers<'a>(Vec<&'a dyn Observer>);

impl<'a> FromIterator<&'a dyn Observer> for Observers<'a> {
    fn from_iter<I: IntoIterator<Item = &'a dyn Observer>>(all: I) -> Observers<'a> {
        Observers(all.into_iter().collect())
    }
}

impl Observer for Observers<'_> {
    fn event(&self, event: &Event) {
        self.0.iter().for_each(|observer| observer.event(event));
    }
}
