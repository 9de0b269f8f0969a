use super::Format;
use crate::measure::Summary;
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Format, ()> = Entry {
    name: "json",
    summary: "everything, as result.json holds it; its schema is docs/result.schema.json",
    options: registry::schema_of::<NoOptions>,
    build: |options, ()| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Json))
    },
};

pub struct Json;

impl Format for Json {
    fn render(&self, summary: &Summary) -> String {
        // A summary holds texts, finite numbers and maps with text keys, all of which JSON can say.
        serde_json::to_string_pretty(summary).unwrap_or_default() + "\n"
    }
}
