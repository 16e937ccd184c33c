//! The users' page of the language: its queries are parsed, its errors and limits are true.

use logpipeline_model::query::{
    CLAUSE_LIMIT, DEPTH_LIMIT, PATTERN_LIMIT, QUERY_LIMIT, Query, REGEX_LIMIT, REPEAT_LIMIT, WILDCARD_LIMIT,
};

use super::support::{NOW, at, parse};

const PAGE: &str = include_str!("../../../../docs/query-language.md");

/// The cells of the rows of a table, under their columns' names.
fn rows() -> Vec<Vec<(String, String)>> {
    let mut rows = Vec::new();
    let mut names: Option<Vec<String>> = None;
    for line in PAGE.lines() {
        let Some(line) = line.strip_prefix('|') else {
            names = None;
            continue;
        };
        let cells: Vec<String> = cells(line.trim_end_matches('|'));
        match &names {
            None => names = Some(cells),
            Some(_) if cells.iter().all(|cell| cell.starts_with("---")) => {}
            Some(names) => rows.push(names.iter().cloned().zip(cells).collect()),
        }
    }
    rows
}

/// Splits at the bars, except those that a backslash stands before.
fn cells(line: &str) -> Vec<String> {
    line.replace("\\|", "\0").split('|').map(|cell| cell.trim().replace('\0', "|")).collect()
}

fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn every_query_of_the_page_parses() {
    let mut count = 0;
    let mut inside = false;
    for line in PAGE.lines() {
        match line {
            "```query" => inside = true,
            "```" => inside = false,
            query if inside => {
                parse(query);
                count += 1;
            }
            _ => {}
        }
    }
    assert!(count >= 20, "{count}");
    let mut count = 0;
    for (name, cell) in rows().into_iter().flatten() {
        if name == "Query" || name == "Here" || name == "Suggestion" {
            for query in code(&cell) {
                parse(query);
                count += 1;
            }
        }
    }
    assert!(count >= 60, "{count}");
}

#[test]
fn every_error_of_the_page_is_one_and_has_its_suggestion() {
    let mut count = 0;
    for row in rows() {
        let column =
            |wanted| row.iter().find(|(name, _)| name == wanted).map(|(_, cell)| cell.trim_matches('`'));
        let (Some(query), Some(suggestion)) = (column("Refused"), column("Suggestion")) else { continue };
        let error = Query::parse(query, at(NOW)).expect_err(query);
        assert_eq!(error.suggestion.as_deref(), Some(suggestion), "{query}");
        count += 1;
    }
    assert!(count >= 10, "{count}");
}

#[test]
fn the_limits_of_the_page_are_those_of_the_parser() {
    let limits =
        (QUERY_LIMIT, CLAUSE_LIMIT, DEPTH_LIMIT, REGEX_LIMIT, PATTERN_LIMIT, REPEAT_LIMIT, WILDCARD_LIMIT);
    assert_eq!(limits, (64 << 10, 1_024, 64, 32, 1_000, 1_000, 1_000));
    for stated in [
        "64 KiB, 1,024 clauses, 64 levels of parentheses and negations, and 32 regular expressions",
        "1,000 bytes,\nrepeat by counts up to 1,000, and compile to 1 MiB",
        "a wildcard pattern may have 1,000 characters",
    ] {
        assert!(PAGE.contains(stated), "{stated}");
    }
}
