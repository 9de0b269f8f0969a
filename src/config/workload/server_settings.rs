use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::Report;

/// The value of a server's setting, which servers take as text.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum ServerSetting {
    Text(String),
    Integer(i64),
    Number(f64),
    Switch(bool),
}

/// Reads the settings of a server as the texts that it takes.
pub(super) fn as_texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let settings = BTreeMap::<String, ServerSetting>::deserialize(deserializer)?;
    let text = |setting| match setting {
        ServerSetting::Text(text) => text,
        ServerSetting::Integer(number) => number.to_string(),
        ServerSetting::Number(number) => number.to_string(),
        ServerSetting::Switch(on) => if on { "on" } else { "off" }.into(),
    };
    Ok(settings.into_iter().map(|(name, setting)| (name, text(setting))).collect())
}

/// Reports the settings that a server cannot be given because it is not ours.
pub(super) fn refuse_external(paths_set: &[(&str, bool)], report: &mut Report) {
    for (path, _) in paths_set.iter().filter(|(_, is_set)| *is_set) {
        let help = "set it on the server yourself, or use url = \"managed\"";
        report.refuse(path, "a server that is not ours is not reconfigured", help);
    }
}
