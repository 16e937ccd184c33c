//! The names that agents, SDKs and standards give to what an entry's own fields hold.
//!
//! One table, as data: parsers of foreign formats look names up in it, and docs/mapping.md is written from it. What no
//! row names stays in `metadata` under the name it came with.

mod index;
mod level;
mod table;
pub mod time;

use std::fmt::Write;

pub use level::recognise as level;
pub use table::TABLE;

use crate::entry::Field;

/// One name of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub field: Field,
    /// A key, or keys that lead to a value joined by dots.
    pub name: &'static str,
    /// Who writes it so.
    pub origin: &'static str,
    pub when: When,
}

/// Which values of a name are the field's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Always,
    /// Only a level's name: others write something else under it, such as an HTTP status.
    LevelName,
}

/// A row and its rank: of several names of one field that an entry has, the lowest counts.
#[derive(Debug, Clone, Copy)]
pub struct Match {
    pub row: &'static Row,
    pub rank: usize,
}

/// The row that has this name.
#[inline]
pub fn find(name: &str) -> Option<Match> {
    let rank = index::find(name)?;
    Some(Match { row: &TABLE[rank], rank })
}

/// Whether a name of the table begins with `key` and a dot.
pub fn is_prefix(key: &str) -> bool {
    table::PREFIXES.contains(&key)
}

/// The table as Markdown, for the documentation.
pub fn markdown() -> String {
    let mut text =
        String::from("| field | names, the first that an entry has counts | from |\n|---|---|---|\n");
    for rows in TABLE.chunk_by(|one, other| one.field == other.field) {
        for (index, row) in rows.iter().enumerate() {
            let field = if index == 0 { format!("`{}`", row.field.name()) } else { String::new() };
            let note = match row.when {
                When::Always => "",
                When::LevelName => " (only the name of a level)",
            };
            let _ = writeln!(text, "| {field} | `{}`{note} | {} |", row.name, row.origin);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_is_found_by_its_name_and_names_are_unique() {
        let mut names = BTreeSet::new();
        for (rank, row) in TABLE.iter().enumerate() {
            assert!(names.insert(row.name), "{} twice", row.name);
            let found = find(row.name).unwrap();
            assert_eq!((found.row, found.rank), (row, rank));
        }
        assert!(find("level_").is_none() && find("").is_none() && find("Message").is_none());
    }

    #[test]
    fn rows_of_a_field_stand_together() {
        let fields: Vec<_> =
            TABLE.chunk_by(|one, other| one.field == other.field).map(|rows| rows[0].field).collect();
        for (index, field) in fields.iter().enumerate() {
            assert!(!fields[..index].contains(field), "{field:?} in two places");
        }
    }

    #[test]
    fn prefixes_are_the_first_keys_of_names_with_dots() {
        let expected: BTreeSet<_> =
            TABLE.iter().filter_map(|row| row.name.split_once('.')).map(|(first, _)| first).collect();
        assert_eq!(table::PREFIXES.iter().copied().collect::<BTreeSet<_>>(), expected);
        assert!(is_prefix("kubernetes") && !is_prefix("message"));
    }
}
