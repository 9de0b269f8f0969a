use super::{Keys, Random};
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Keys, super::KeyParts> = Entry {
    name: "uniform",
    summary: "every row as likely as any other, inserted ones included",
    options: registry::schema_of::<NoOptions>,
    build: |options, _| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Uniform))
    },
};

struct Uniform;

impl Keys for Uniform {
    fn pick(&self, _: u64, population: u64, random: &mut Random) -> u64 {
        random.below(population)
    }
}
