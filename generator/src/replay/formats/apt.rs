//! Stanzas of apt's history.log.

use super::{Clock, Fields, quoted};

pub(super) fn parse(text: &str, clock: &Clock) -> Option<Fields> {
    let start = text.strip_prefix("Start-Date:")?;
    let value =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or_default();
    let mut fields = Fields::default();
    fields.draft.timestamp = clock.read(start.lines().next().unwrap_or_default());
    fields.draft.level = if value("Error:").is_empty() { "info" } else { "error" }.to_owned();
    text.clone_into(&mut fields.draft.message);
    let end = clock.read(value("End-Date:")).map(|time| time.to_string()).unwrap_or_default();
    fields.object(
        "apt",
        &[
            ("commandLine", quoted(value("Commandline:"))),
            ("requestedBy", quoted(value("Requested-By:"))),
            ("ended", quoted(&end)),
        ],
    );
    Some(fields)
}
