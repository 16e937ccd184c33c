//! Checks entries that came back against what was sent.

use std::collections::HashMap;

use logpipeline_model::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::entry::canonical::Members;
use crate::entry::{Content, checksum};
use crate::load::Seqs;

/// What was found of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Findings {
    /// Acknowledged entries that were found once and intact.
    pub verified: u64,
    /// Acknowledged entries that were not found.
    pub lost: u64,
    /// Copies beyond the first one of an entry.
    pub duplicated: u64,
    /// Entries whose content is not what was sent.
    pub corrupted: u64,
    /// Entries that were found though they were never acknowledged.
    pub unacknowledged_found: u64,
    /// Of those verified, entries that an earlier replay had stored.
    pub already_stored: u64,
}

/// Takes the entries of one run, in any order.
#[derive(Debug)]
pub struct Audit {
    run: String,
    issued: u64,
    seen: Seqs,
    /// Found more than once or with other content.
    bad: Seqs,
    /// Found as an earlier replay stored them.
    earlier: Seqs,
    duplicated: u64,
    corrupted: u64,
}

/// An entry as the query server returns it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Returned<'a> {
    #[serde(default)]
    level: String,
    message: String,
    #[serde(default)]
    resource_id: String,
    timestamp: Timestamp,
    received_at: Timestamp,
    #[serde(default)]
    trace_id: String,
    #[serde(default)]
    span_id: String,
    #[serde(default)]
    commit: String,
    #[serde(borrow)]
    metadata: &'a RawValue,
}

enum Line {
    Intact(u64),
    /// With its number, where that can be read.
    Corrupted(Option<u64>),
}

impl Audit {
    /// An audit of `run`, whose entries are numbered below `issued`.
    pub fn new(run: &str, issued: u64) -> Self {
        Self {
            run: run.to_owned(),
            issued,
            seen: Seqs::default(),
            bad: Seqs::default(),
            earlier: Seqs::default(),
            duplicated: 0,
            corrupted: 0,
        }
    }

    /// How many different entries were seen.
    pub fn seen(&self) -> u64 {
        self.seen.len()
    }

    pub fn has_seen(&self, seq: u64) -> bool {
        self.seen.contains(seq)
    }

    /// Takes one line of NDJSON; a blank one is nothing.
    pub fn line(&mut self, line: &[u8]) {
        if line.trim_ascii().is_empty() {
            return;
        }
        let checked = check(line, Some((&self.run, self.issued)));
        self.take(checked);
    }

    /// Takes one line of NDJSON that was asked for by its id; `seqs` are the numbers that the ids stand for.
    pub fn earlier_line(&mut self, line: &[u8], seqs: &HashMap<&str, u64>) {
        #[derive(Deserialize)]
        struct Named<'a> {
            id: &'a str,
        }
        if line.trim_ascii().is_empty() {
            return;
        }
        // It may be of this run, and have become searchable only since the run was read.
        if let own @ Line::Intact(_) = check(line, Some((&self.run, self.issued))) {
            self.take(own);
            return;
        }
        let seq = serde_json::from_slice(line).ok().and_then(|Named { id }| seqs.get(id).copied());
        if let Some(seq) = seq {
            self.earlier.insert(seq);
        }
        self.take(match (seq, check(line, None)) {
            (Some(seq), Line::Intact(_)) => Line::Intact(seq),
            (seq, _) => Line::Corrupted(seq),
        });
    }

    fn take(&mut self, line: Line) {
        let (seq, intact) = match line {
            Line::Intact(seq) => (seq, true),
            Line::Corrupted(seq) => {
                self.corrupted += 1;
                let Some(seq) = seq else { return };
                (seq, false)
            }
        };
        let first = self.seen.insert(seq);
        self.duplicated += u64::from(!first);
        if !intact || !first {
            self.bad.insert(seq);
        }
    }

    /// Balances what was seen against what was acknowledged.
    pub fn findings(&self, acknowledged: &Seqs) -> Findings {
        let found = acknowledged.count_in(&self.seen);
        Findings {
            verified: found - acknowledged.count_in(&self.bad),
            lost: acknowledged.len() - found,
            duplicated: self.duplicated,
            corrupted: self.corrupted,
            unacknowledged_found: self.seen.len() - found,
            already_stored: acknowledged.count_in(&self.earlier)
                - acknowledged.count_in(&self.earlier.and(&self.bad)),
        }
    }
}

/// Checks an entry against its own checksum and, where they are given, the run's name and the count of its
/// entries.
fn check(line: &[u8], expected: Option<(&str, u64)>) -> Line {
    let Some((returned, metadata)) = str::from_utf8(line).ok().and_then(|line| {
        let returned: Returned<'_> = serde_json::from_str(line).ok()?;
        Some((serde_json::from_str::<Members<'_>>(returned.metadata.get()).ok()?, returned))
            .map(|(metadata, returned)| (returned, metadata))
    }) else {
        return Line::Corrupted(None);
    };
    let (mut run, mut seq, mut check) = (None, None, None);
    let mut members = Vec::with_capacity(metadata.0.len());
    for (key, value) in metadata.0 {
        match key.as_str() {
            "run" => run = serde_json::from_str::<String>(value.get()).ok(),
            "seq" => {
                seq = value
                    .get()
                    .parse::<u64>()
                    .ok()
                    .filter(|seq| expected.is_none_or(|(_, issued)| *seq < issued))
            }
            "check" => check = serde_json::from_str::<String>(value.get()).ok(),
            _ => members.push((key, value)),
        }
    }
    let (Some(run), Some(number), Some(check)) = (run, seq, check) else { return Line::Corrupted(seq) };
    let (Ok(check), true) = (u32::from_str_radix(&check, 16), expected.is_none_or(|(name, _)| run == name))
    else {
        return Line::Corrupted(seq);
    };
    let mut text = String::with_capacity(returned.metadata.get().len());
    if Members(members).write(&mut text).is_err() {
        return Line::Corrupted(seq);
    }
    let mut content = Content {
        level: &returned.level,
        message: &returned.message,
        resource_id: &returned.resource_id,
        timestamp: Some(returned.timestamp),
        trace_id: &returned.trace_id,
        span_id: &returned.span_id,
        commit: &returned.commit,
        metadata: &text,
        run: &run,
        seq: number,
    };
    let mut intact = checksum(&content) == check;
    if !intact && returned.timestamp == returned.received_at {
        // An entry that was sent without a time has that of its receipt.
        content.timestamp = None;
        intact = checksum(&content) == check;
    }
    if intact { Line::Intact(number) } else { Line::Corrupted(seq) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Draft, Tag};

    /// The entry as a server would return it.
    fn returned(draft: &Draft, seq: u64) -> String {
        returned_of("r1", draft, seq)
    }

    fn returned_of(run: &str, draft: &Draft, seq: u64) -> String {
        let mut line = Vec::new();
        draft.encode(Tag { run, seq }, &mut line);
        let mut value: serde_json::Value = serde_json::from_slice(&line).unwrap();
        let object = value.as_object_mut().unwrap();
        let level =
            object.get("level").map(|level| logpipeline_model::level::normalise(level.as_str().unwrap()));
        if let Some(level) = level {
            object.insert("level".to_owned(), level.into());
        }
        object.insert("id".to_owned(), "018a97d2-5c00-7000-8000-000000000000".into());
        object.insert("receivedAt".to_owned(), "2026-11-23T22:55:01.000000007Z".into());
        object.entry("timestamp").or_insert_with(|| "2026-11-23T22:55:01.000000007Z".into());
        value.to_string()
    }

    fn draft() -> Draft {
        Draft {
            level: "WARNING".to_owned(),
            message: "line one\nline \"two\" 東京".to_owned(),
            timestamp: Some(Timestamp::from_unix_nanos(1_790_000_000_000_000_001)),
            metadata: r#""a":{"b":[1,2.5]},"z":"x""#.to_owned(),
            ..Draft::default()
        }
    }

    fn all(count: u64) -> Seqs {
        let mut seqs = Seqs::default();
        for seq in 0..count {
            seqs.insert(seq);
        }
        seqs
    }

    #[test]
    fn what_comes_back_as_it_was_sent_is_verified() {
        let mut audit = Audit::new("r1", 3);
        audit.line(returned(&draft(), 0).as_bytes());
        audit.line(returned(&Draft { timestamp: None, ..draft() }, 1).as_bytes());
        audit.line(returned(&Draft::default(), 2).as_bytes());
        audit.line(b"");
        assert_eq!(audit.findings(&all(3)), Findings { verified: 3, ..Findings::default() });
    }

    #[test]
    fn metadata_in_another_order_is_intact() {
        let line = returned(&draft(), 0);
        let shuffled = line.replace(r#""a":{"b":[1,2.5]},"z":"x""#, r#""z":"x","a":{"b":[1,2.5]}"#);
        assert_ne!(line, shuffled);
        let mut audit = Audit::new("r1", 1);
        audit.line(shuffled.as_bytes());
        assert_eq!(audit.findings(&all(1)).verified, 1);
    }

    #[test]
    fn lost_duplicated_corrupted_and_unacknowledged_entries_are_told_apart() {
        let mut audit = Audit::new("r1", 6);
        audit.line(returned(&draft(), 0).as_bytes());
        audit.line(returned(&draft(), 0).as_bytes());
        audit.line(returned(&draft(), 1).replace("line one", "line 0ne").as_bytes());
        audit.line(returned(&draft(), 3).as_bytes());
        audit.line(returned(&draft(), 4).as_bytes());
        audit.line(b"{\"torn");
        let mut acknowledged = Seqs::default();
        for seq in [0, 1, 2, 3] {
            acknowledged.insert(seq);
        }
        assert_eq!(
            audit.findings(&acknowledged),
            Findings {
                verified: 1,
                lost: 1,
                duplicated: 1,
                corrupted: 2,
                unacknowledged_found: 1,
                already_stored: 0
            }
        );
    }

    #[test]
    fn what_an_earlier_replay_stored_is_known_by_its_id_and_must_be_intact_too() {
        let id = "018a97d2-5c00-7000-8000-000000000000";
        let seqs = HashMap::from([(id, 4)]);
        let findings = |lines: &[&str]| {
            let mut audit = Audit::new("r2", 5);
            for line in lines {
                audit.earlier_line(line.as_bytes(), &seqs);
            }
            assert!(audit.has_seen(4) && !audit.has_seen(0));
            let mut acknowledged = Seqs::default();
            acknowledged.insert(4);
            audit.findings(&acknowledged)
        };
        let line = returned(&draft(), 7);
        let good = Findings { verified: 1, already_stored: 1, ..Findings::default() };
        assert_eq!(findings(&[&line]), good);
        // The run itself stored it, and it was not yet found when the run was read.
        let own = returned_of("r2", &draft(), 4);
        assert_eq!(findings(&[&own]), Findings { verified: 1, ..Findings::default() });
        let torn = line.replace("line one", "line 0ne");
        assert_eq!(findings(&[&torn]), Findings { corrupted: 1, ..Findings::default() });
        assert_eq!(findings(&[&line, &line]), Findings { duplicated: 1, ..Findings::default() });
    }

    #[test]
    fn an_entry_of_another_run_or_with_an_impossible_number_is_corrupted() {
        for line in [returned(&draft(), 0).replace("\"r1\"", "\"r2\""), returned(&draft(), 9)] {
            let mut audit = Audit::new("r1", 5);
            audit.line(line.as_bytes());
            assert_eq!(audit.findings(&all(0)).corrupted, 1);
        }
    }
}
