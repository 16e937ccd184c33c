//! What was proved, as a table of Markdown.

use std::any::Any;
use std::fmt;
use std::fmt::Write as _;
use std::path::Path;

use crate::proofs::Seen;

pub enum Outcome {
    Seen(Seen),
    Failed(String),
    NotTried(String),
}

impl Outcome {
    pub fn is_seen(&self) -> bool {
        matches!(self, Self::Seen(_))
    }

    pub fn is_proved(&self) -> bool {
        matches!(self, Self::Seen(Seen::Proved(_)))
    }
}

pub struct Row {
    pub name: &'static str,
    pub claim: &'static str,
    pub outcome: Outcome,
    pub seconds: u64,
}

impl fmt::Display for Row {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, text) = match &self.outcome {
            Outcome::Seen(Seen::Proved(text)) => ("proved", text),
            Outcome::Seen(Seen::InPart(text)) => ("proved in part", text),
            Outcome::Seen(Seen::NotHere(text)) => ("not proved here", text),
            Outcome::Failed(text) => ("FAILED", text),
            Outcome::NotTried(text) => ("NOT TRIED", text),
        };
        write!(to, "{word} {} after {} s: {text}", self.name, self.seconds)
    }
}

/// What a panic said.
pub fn text(reason: &(dyn Any + Send)) -> String {
    let known = reason
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| reason.downcast_ref::<&str>().copied());
    known.unwrap_or("it panicked").to_owned()
}

pub fn write(to: &Path, rows: &[Row]) {
    let mut all = "| proof | what holds | what was seen | seconds |\n|---|---|---|---|\n".to_owned();
    for row in rows {
        let seen = match &row.outcome {
            Outcome::Seen(Seen::Proved(text)) => text.clone(),
            Outcome::Seen(Seen::InPart(text)) => format!("*in part*: {text}"),
            Outcome::Seen(Seen::NotHere(text)) => format!("*not here*: {text}"),
            Outcome::Failed(text) => format!("**failed**: {text}"),
            Outcome::NotTried(text) => format!("**not tried**: {text}"),
        };
        let seen = seen.replace('\n', " ").replace('|', "\\|");
        writeln!(all, "| `{}` | {} | {seen} | {} |", row.name, row.claim, row.seconds).unwrap();
    }
    std::fs::write(to, all).unwrap();
}
