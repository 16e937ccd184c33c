use std::sync::Arc;

use super::super::Part;
use super::*;
use crate::import::access::SourceAccess;
use crate::import::counters::Counters;

/// A server that holds entries at the times given, one digest each unless they are equal.
struct Held {
    rows: Vec<Row>,
    /// What it gives at once, and how long a window may be.
    most: usize,
    /// Bytes of a line that is too large beside another.
    largest: usize,
    longest: i64,
    windows: Vec<Window>,
}

fn row(time: i64, text: &str) -> Row {
    let mut digest = [0; 16];
    digest[..text.len()].copy_from_slice(text.as_bytes());
    Row { time, digest, source: format!("\"{text}\"").into_bytes() }
}

impl Rows for Held {
    const INDEX: &'static str = "held";

    async fn read(&mut self, _part: &str, window: Window, limit: usize) -> Result<Vec<Row>, SourceError> {
        let refused = |detail: &str| {
            Err(SourceError::Refused { status: reqwest::StatusCode::BAD_REQUEST, detail: detail.to_owned() })
        };
        if limit > self.most {
            return refused("entries");
        }
        if window.until - window.from > self.longest {
            return refused("time");
        }
        self.windows.push(window);
        let within = |row: &&Row| (window.from..window.until).contains(&row.time);
        let rows: Vec<Row> = self.rows.iter().filter(within).take(limit).cloned().collect();
        let is_too_large = rows.len() > 2 && rows.iter().any(|row| row.source.len() > self.largest);
        if is_too_large { Err(SourceError::TooLarge) } else { Ok(rows) }
    }

    async fn read_moment(&mut self, _part: &str, time: i64, _limit: usize) -> Result<Vec<Row>, SourceError> {
        Ok(self.rows.iter().filter(|row| row.time == time).cloned().collect())
    }

    fn asks_for_less(error: &SourceError) -> Option<Less> {
        match error {
            SourceError::Refused { detail, .. } if detail == "time" => Some(Less::Time),
            SourceError::Refused { .. } => Some(Less::Entries),
            _ => None,
        }
    }
}

fn timeline(rows: Vec<Row>, limit: usize) -> Timeline<Held> {
    let counters = Arc::new(Counters::new(&prometheus::Registry::new()).unwrap());
    let client = SourceClient::new(
        "http://127.0.0.1:1".parse().unwrap(),
        SourceAccess::default(),
        std::time::Duration::ZERO,
        std::time::Duration::ZERO,
        counters,
        logpipeline_service::Shutdown::default(),
    );
    let held = Held { rows, most: usize::MAX, largest: usize::MAX, longest: i64::MAX, windows: Vec::new() };
    Timeline::new(limit, client.unwrap(), held)
}

fn plan(since: i64, until: i64) -> Plan {
    let part = Part { name: "part".to_owned(), ..Part::default() };
    Plan { parts: vec![part], since: Some(since), until: Some(until), is_estimate: false }
}

/// Reads all from `position` on: the lines of the documents, and the positions behind the pages.
async fn all(
    timeline: &mut Timeline<Held>,
    plan: &Plan,
    mut position: Position,
) -> (Vec<String>, Vec<Position>) {
    let (mut lines, mut positions) = (Vec::new(), Vec::new());
    while let Some(page) = timeline.next(plan, position).await.unwrap() {
        let texts =
            page.documents.iter().map(|document| String::from_utf8(document.lines().to_vec()).unwrap());
        lines.extend(texts);
        position = page.next;
        positions.push(position);
    }
    (lines, positions)
}

#[tokio::test]
async fn every_entry_is_read_once_however_dense_they_are() {
    // Dense, sparse, dense again, and many at one moment.
    let mut times: Vec<i64> = (0..500).map(|n| n * 3).collect();
    times.extend((0..20).map(|n| 1_000_000 + n * 40_000_000_000_000));
    times.extend((0..500).map(|n| 2_000_000_000_000_000 + n));
    let mut rows: Vec<Row> = times.iter().enumerate().map(|(n, time)| row(*time, &n.to_string())).collect();
    rows.extend((0..300).map(|n| row(2_000_000_000_001_000, &format!("m{n}"))));
    for limit in [2, 3, 10, 64, 5_000] {
        let mut timeline = timeline(rows.clone(), limit);
        let plan = plan(0, 2_000_000_000_001_001);
        let (lines, _) = all(&mut timeline, &plan, Position::default()).await;
        let expected: Vec<String> =
            rows.iter().map(|row| String::from_utf8(row.source.clone()).unwrap()).collect();
        let read: Vec<&str> = lines.iter().map(|line| line.lines().nth(1).unwrap()).collect();
        assert_eq!(read, expected, "{limit}");
    }
}

#[tokio::test]
async fn equal_entries_have_the_same_ids_however_pages_are_cut_and_wherever_reading_goes_on() {
    let mut rows = Vec::new();
    for time in 0..60 {
        rows.extend(
            (0..time % 5 + 1)
                .map(|n| row(time, &format!("{time}{}", if n % 2 == 0 { "same" } else { "other" }))),
        );
    }
    let plan = plan(0, 60);
    let (whole, _) = all(&mut timeline(rows.clone(), 5_000), &plan, Position::default()).await;
    let ids: std::collections::HashSet<_> = whole.iter().map(|lines| lines.lines().next().unwrap()).collect();
    assert_eq!(ids.len(), rows.len(), "no two share one");
    for limit in [2, 3, 7] {
        let (lines, positions) = all(&mut timeline(rows.clone(), limit), &plan, Position::default()).await;
        assert_eq!(lines, whole, "{limit}");
        for position in positions {
            let (rest, _) = all(&mut timeline(rows.clone(), 11), &plan, position).await;
            assert!(whole.ends_with(&rest), "{position:?}");
            let from = position.at.unwrap();
            assert_eq!(rest.len(), rows.iter().filter(|row| row.time >= from).count());
        }
    }
}

#[tokio::test]
async fn a_server_s_limits_are_found_and_kept() {
    let rows: Vec<Row> = (0..100).map(|n| row(n * 1_000_000_000_000, &n.to_string())).collect();
    let mut timeline = timeline(rows, 5_000);
    (timeline.rows.most, timeline.rows.longest) = (1_000, 600_000_000_000);
    let (lines, _) = all(&mut timeline, &plan(0, 100_000_000_000_000), Position::default()).await;
    assert_eq!(lines.len(), 100);
    assert!(timeline.rows.windows.iter().all(|window| window.until - window.from <= 600_000_000_000));
    // Having found what is too long, it does not try again and again.
    assert!(timeline.rows.windows.len() < 500, "{}", timeline.rows.windows.len());
}

#[tokio::test]
async fn windows_grow_where_there_is_little() {
    let mut timeline = timeline(vec![row(9_000 * 3_600_000_000_000, "one")], 100);
    let (lines, _) = all(&mut timeline, &plan(0, 10_000 * 3_600_000_000_000), Position::default()).await;
    assert_eq!(lines.len(), 1);
    assert!(timeline.rows.windows.len() < 40, "{}", timeline.rows.windows.len());
}

#[tokio::test]
async fn an_entry_that_is_too_large_for_any_page_is_an_error_and_no_endless_loop() {
    let mut timeline = timeline(vec![row(1, "one")], 16);
    timeline.rows.most = 1;
    let error = timeline.next(&plan(0, 10), Position::default()).await.unwrap_err();
    assert!(matches!(error, SourceError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn pages_are_small_around_a_large_entry_only() {
    let mut rows: Vec<Row> = (0..4_000).map(|n| row(n, &n.to_string())).collect();
    rows[1_000].source = vec![b'x'; 100];
    let mut timeline = timeline(rows, 500);
    timeline.rows.largest = 50;
    let (lines, _) = all(&mut timeline, &plan(0, 4_000), Position::default()).await;
    assert_eq!((lines.len(), timeline.limit), (4_000, 500));
    assert!(timeline.rows.windows.len() < 60, "{}", timeline.rows.windows.len());
}
