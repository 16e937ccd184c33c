//! `NAME=LEVEL,LEVEL:KEEP`.

use logpipeline_model::elasticsearch::RetentionClass;
use logpipeline_model::level;
use logpipeline_service::units::parse_duration;

/// Reads a retention class as it stands on a command line, such as `short=debug,trace:3d`. Levels are taken in
/// any spelling that entries may have.
pub fn parse_class(text: &str) -> Result<RetentionClass, String> {
    let form = "write it as NAME=LEVEL,LEVEL:KEEP, such as short=debug,trace:3d";
    let (name, rest) = text.split_once('=').ok_or_else(|| format!("it names no levels: {form}"))?;
    let (levels, keep) =
        rest.rsplit_once(':').ok_or_else(|| format!("it does not say how long to keep them: {form}"))?;
    let mut known = Vec::new();
    for level in levels.split(',') {
        let level = level::normalise(level);
        if level.is_empty() {
            return Err(format!("a level is empty: {form}"));
        }
        if !known.contains(&level) {
            known.push(level);
        }
    }
    let keep = parse_duration(keep).map_err(|error| error.to_string())?;
    if keep.is_zero() {
        return Err("it would keep nothing: write a time to keep its entries, such as 3d".to_owned());
    }
    Ok(RetentionClass { name: name.trim().to_owned(), levels: known, keep: Some(keep) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_class_has_a_name_levels_and_a_time() {
        let class = parse_class("short=debug, TRC,dbg:3d12h").unwrap();
        assert_eq!(class.name, "short");
        assert_eq!(class.levels, ["debug", "trace"]);
        assert_eq!(class.keep, Some(Duration::from_secs(3 * 86_400 + 12 * 3_600)));
        assert_eq!(parse_class("audit=http:audit:10w").unwrap().levels, ["http:audit"]);
    }

    #[test]
    fn what_is_missing_is_said() {
        for (text, reason) in [
            ("short", "it names no levels: write it as NAME=LEVEL,LEVEL:KEEP"),
            ("short=debug", "it does not say how long to keep them"),
            ("short=debug,:3d", "a level is empty"),
            ("short=:3d", "a level is empty"),
            ("short=debug:soon", "\"soon\" is not a duration"),
            ("short=debug:0", "it would keep nothing"),
        ] {
            let error = parse_class(text).unwrap_err();
            assert!(error.starts_with(reason), "{text}: {error}");
        }
    }
}
