//! By which rule of retention an entry may be gone.

use std::time::Duration;

use logpipeline_model::Timestamp;
use logpipeline_model::elasticsearch::RetentionClass;
use logpipeline_service::units::format_bytes;
use logpipeline_store::RetentionPolicy;
use serde::Serialize;

/// What removes entries.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub policy: RetentionPolicy,
    pub classes: Vec<RetentionClass>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expired {
    /// The flag, with its value.
    pub rule: String,
    /// From when on it may have removed the entry; not known of a limit of bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

impl Rules {
    /// The rule by which an entry that is stored no more may be gone; `None` where no rule allows that. Its level is not
    /// known any more, so the rule of a class is named only where no other explains it.
    pub fn explain(&self, received_at: Timestamp, now: Timestamp) -> Option<Expired> {
        let passed = |age: Duration| Some(received_at.saturating_add(age)).filter(|end| *end <= now);
        if let Some(age) = self.policy.max_age
            && let Some(end) = passed(age)
        {
            return Some(Expired { rule: format!("--retention-max-age {}", humane(age)), at: Some(end) });
        }
        let by_class = self.classes.iter().filter_map(|class| Some((class, passed(class.keep?)?)));
        if let Some((class, end)) = by_class.min_by_key(|(_, end)| *end) {
            let keep = class.keep.map(humane).unwrap_or_default();
            let rule = format!("--retention-class {}={}:{keep}", class.name, class.levels.join(","));
            return Some(Expired { rule, at: Some(end) });
        }
        let bytes = self.policy.max_bytes?;
        Some(Expired { rule: format!("--retention-max-bytes {}", flag_bytes(bytes)), at: None })
    }
}

/// A duration as flags take it, in the largest unit that holds it whole.
fn humane(age: Duration) -> String {
    let seconds = age.as_secs();
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60)] {
        if seconds > 0 && seconds.is_multiple_of(length) {
            return format!("{}{unit}", seconds / length);
        }
    }
    format!("{seconds}s")
}

fn flag_bytes(bytes: u64) -> String {
    format_bytes(bytes).replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;

    fn expired(rules: &Rules, days: i64) -> Option<Expired> {
        let at = Timestamp::from_unix_seconds;
        rules.explain(at(0), at(days * DAY as i64))
    }

    #[test]
    fn a_rule_explains_only_what_it_may_have_removed() {
        let age = RetentionPolicy { max_age: Some(Duration::from_secs(30 * DAY)), max_bytes: None };
        let mut rules = Rules { policy: age, classes: Vec::new() };
        assert_eq!(expired(&rules, 29), None);
        let month = Timestamp::from_unix_seconds(30 * DAY as i64);
        let by_age = Expired { rule: "--retention-max-age 30d".to_owned(), at: Some(month) };
        assert_eq!(expired(&rules, 30), Some(by_age.clone()));
        rules.classes.push(RetentionClass {
            name: "short".to_owned(),
            levels: vec!["debug".to_owned(), "trace".to_owned()],
            keep: Some(Duration::from_secs(3 * DAY)),
        });
        let by_class = expired(&rules, 4).unwrap();
        assert_eq!(by_class.rule, "--retention-class short=debug,trace:3d");
        assert_eq!(expired(&rules, 31), Some(by_age), "the rule of all levels comes first");
        rules.policy.max_bytes = Some(10 << 30);
        assert_eq!(
            expired(&rules, 1),
            Some(Expired { rule: "--retention-max-bytes 10GiB".to_owned(), at: None })
        );
        assert_eq!(expired(&Rules::default(), 1_000), None);
        assert_eq!([90, 7_200, 61].map(|seconds| humane(Duration::from_secs(seconds))), ["90s", "2h", "61s"]);
    }
}
