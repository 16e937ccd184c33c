//! Stanzas of apt's history.log.

use logpipeline_model::line::{Context, Value, time};

use super::Fields;

pub(super) fn parse(text: &str, context: &Context) -> Option<Fields> {
    let start = text.strip_prefix("Start-Date:")?;
    let value =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or_default();
    let mut fields = Fields::default();
    fields.draft.timestamp = time::read(start.lines().next().unwrap_or_default(), context);
    fields.draft.level = if value("Error:").is_empty() { "info" } else { "error" }.to_owned();
    text.clone_into(&mut fields.draft.message);
    let end = time::read(value("End-Date:"), context).map(|time| time.to_string()).unwrap_or_default();
    let members = [
        ("commandLine", value("Commandline:")),
        ("requestedBy", value("Requested-By:")),
        ("ended", end.as_str()),
    ];
    let members: Vec<_> = members
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name.into(), Value::Text(text.into())))
        .collect();
    if !members.is_empty() {
        fields.value("apt", &Value::Object(members));
    }
    Some(fields)
}
