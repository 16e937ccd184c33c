//! Months, days of the week and zones by their names.

use super::cursor::Cursor;

const MONTHS: [&[u8]; 12] = [
    b"january",
    b"february",
    b"march",
    b"april",
    b"may",
    b"june",
    b"july",
    b"august",
    b"september",
    b"october",
    b"november",
    b"december",
];
const DAYS: [&[u8]; 7] =
    [b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday"];

/// Takes a month: by its name or the first three letters of it, in any case.
pub(super) fn month(cursor: &mut Cursor<'_>) -> Option<u32> {
    Some(name(cursor, &MONTHS)? + 1)
}

/// Takes a day of the week, likewise.
pub(super) fn weekday(cursor: &mut Cursor<'_>) -> bool {
    name(cursor, &DAYS).is_some()
}

fn name(cursor: &mut Cursor<'_>, names: &[&[u8]]) -> Option<u32> {
    let key = [cursor.peek() | 0x20, cursor.ahead(1) | 0x20, cursor.ahead(2) | 0x20];
    let index = names.iter().position(|name| name.starts_with(&key))?;
    let length = cursor.letters(9);
    let given = cursor.rest().get(..length)?;
    let whole = names.get(index)?;
    let fits = length == 3 || given.eq_ignore_ascii_case(whole) || given.eq_ignore_ascii_case(b"sept");
    if !fits {
        return None;
    }
    cursor.at += length;
    // "Sept. 3", "03/sept./2026".
    if cursor.peek() == b'.' && matches!(cursor.ahead(1), b' ' | b'/' | b'-') {
        cursor.at += 1;
    }
    Some(index as u32)
}

/// Seconds east of Greenwich of a zone's abbreviation. Where several zones share one, the one of more
/// servers is meant: `CST` is that of America, `IST` that of India, `BST` that of Britain.
pub(super) fn zone(name: &[u8]) -> Option<i32> {
    let minutes = match name {
        b"UTC" | b"GMT" | b"UCT" | b"WET" => 0,
        b"CET" | b"BST" | b"WEST" | b"MEZ" | b"WAT" => 60,
        b"CEST" | b"EET" | b"SAST" | b"CAT" | b"MESZ" => 120,
        b"EEST" | b"MSK" | b"EAT" => 180,
        b"PKT" => 300,
        b"IST" => 330,
        b"ICT" | b"WIB" => 420,
        b"HKT" | b"SGT" | b"AWST" => 480,
        b"JST" | b"KST" => 540,
        b"ACST" => 570,
        b"AEST" => 600,
        b"ACDT" => 630,
        b"AEDT" => 660,
        b"NZST" => 720,
        b"NZDT" => 780,
        b"BRT" | b"ART" | b"ADT" => -180,
        b"AST" | b"EDT" => -240,
        b"EST" | b"CDT" => -300,
        b"CST" | b"MDT" => -360,
        b"MST" | b"PDT" => -420,
        b"PST" | b"AKDT" => -480,
        b"AKST" => -540,
        b"HST" => -600,
        _ => return None,
    };
    Some(minutes * 60)
}
