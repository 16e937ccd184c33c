//! How far an import is, in a file, so that a second run goes on where the first one stopped.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::counters::Counts;
use super::source::{Plan, Position};

const VERSION: u32 = 1;

/// What is imported, as the command line says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    pub(super) from: String,
    pub(super) address: String,
    pub(super) query: Option<String>,
    pub(super) since: Option<String>,
    pub(super) until: Option<String>,
    pub(super) tenant: Option<String>,
}

impl Order {
    /// The parts in which the two differ, each with its value in `other`.
    fn differences(&self, other: &Self) -> Vec<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "not given".to_owned());
        let parts = [
            ("--from", Some(&self.from) != Some(&other.from), other.from.clone()),
            ("the address", self.address != other.address, other.address.clone()),
            ("--query", self.query != other.query, text(&other.query)),
            ("--since", self.since != other.since, text(&other.since)),
            ("--until", self.until != other.until, text(&other.until)),
            ("--source-tenant", self.tenant != other.tenant, text(&other.tenant)),
        ];
        let differing = parts.into_iter().filter(|(_, differs, _)| *differs);
        differing.map(|(name, _, value)| format!("{name} was {value}")).collect()
    }
}

/// What the file holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    version: u32,
    pub(super) order: Order,
    pub(super) plan: Plan,
    pub(super) position: Position,
    pub(super) counts: Counts,
    pub(super) finished: bool,
}

impl State {
    pub(super) fn new(order: Order, plan: Plan) -> Self {
        let (position, counts) = (Position::default(), Counts::default());
        Self { version: VERSION, order, plan, position, counts, finished: false }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("failed to {what} the state file {path}: {source}", path = path.display())]
    File { what: &'static str, path: PathBuf, source: io::Error },
    #[error(
        "{path} is no state file of an import ({problem}); name another file with --state, or remove this one to begin anew",
        path = path.display()
    )]
    Content { path: PathBuf, problem: String },
    #[error(
        "{path} belongs to another import: {differences}; name another file with --state, or remove this one to begin anew",
        path = path.display()
    )]
    OtherImport { path: PathBuf, differences: String },
}

/// Reads the state of an import of `order`; `None` where there is no file yet.
pub(super) fn read(path: &Path, order: &Order) -> Result<Option<State>, StateError> {
    let content = match fs::read(path) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StateError::File { what: "read", path: path.to_owned(), source }),
    };
    let problem = |problem: String| StateError::Content { path: path.to_owned(), problem };
    let state: State = serde_json::from_slice(&content).map_err(|error| problem(error.to_string()))?;
    if state.version != VERSION {
        return Err(problem(format!("its version is {}, and {VERSION} is expected", state.version)));
    }
    let differences = order.differences(&state.order);
    if !differences.is_empty() {
        let differences = differences.join(", ");
        return Err(StateError::OtherImport { path: path.to_owned(), differences });
    }
    Ok(Some(state))
}

/// Replaces the file at once: whoever reads it, also after a crash, sees the old or the new state.
pub(super) fn write(path: &Path, state: &State) -> Result<(), StateError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let replace = || {
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec_pretty(state)?)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    replace().map_err(|source| StateError::File { what: "write", path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order {
            from: "loki".to_owned(),
            address: "http://loki:3100/".to_owned(),
            query: None,
            since: Some("30d".to_owned()),
            until: None,
            tenant: None,
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        assert!(read(&path, &order()).unwrap().is_none());
        let mut state = State::new(order(), Plan::default());
        state.position = Position { part: 3, untimed: true, at: Some(-7) };
        state.counts.accepted = 12;
        write(&path, &state).unwrap();
        let again = read(&path, &order()).unwrap().unwrap();
        assert_eq!((again.position, again.counts.accepted), (state.position, 12));
        assert!(!again.finished);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
    }

    #[test]
    fn the_state_of_another_import_is_refused_with_what_differs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        write(&path, &State::new(order(), Plan::default())).unwrap();
        let other = Order { since: Some("7d".to_owned()), tenant: Some("a".to_owned()), ..order() };
        let error = read(&path, &other).unwrap_err().to_string();
        assert!(error.contains("--since was 30d, --source-tenant was not given"), "{error}");
    }

    #[test]
    fn what_is_no_state_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        for content in ["", "{}", "[1]", "\u{0}"] {
            fs::write(&path, content).unwrap();
            let error = read(&path, &order()).unwrap_err().to_string();
            assert!(error.contains("is no state file of an import"), "{error}");
        }
        let unwritable = folder.path().join("no/such/folder/state");
        assert!(write(&unwritable, &State::new(order(), Plan::default())).is_err());
    }
}
