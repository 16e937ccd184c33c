//! Random entries over a small vocabulary of what is hard to get right.

use bytes::Bytes;
use logpipeline_model::entry::{Limits, Stamp, accept};
use logpipeline_model::{EntryId, Timestamp};
use logpipeline_store::NewEntry;
use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::ground::{at, id};

pub const WORDS: [&str; 36] = [
    // Newer than the servers' tables may be.
    "\u{1c90}\u{1c91}",
    "\u{1e030}",
    "failed",
    "Failed",
    "FAILED",
    "connect",
    "to",
    "DB",
    "timeout",
    "after",
    "30ms",
    "İstanbul",
    "istanbul",
    "straße",
    "STRASSE",
    "ſharp",
    "sharp",
    "K",
    "\u{212a}",
    "k",
    "a_b",
    "a-b",
    "java.lang.NullPointerException",
    "日本語",
    "e\u{301}",
    "é",
    "É",
    "5e5342f",
    "server-1234",
    "Ⅷ",
    "ǅ",
    "\u{10400}",
    "😀",
    "\0",
    "x\0y",
    "*",
];

pub const VALUES: [&str; 32] = [
    "2023-09-15T08:00:00Z",
    "\u{1c90}",
    "server-1234",
    "Server-1234",
    "server-12345",
    "server-0987",
    "abc-xyz-123",
    "ſ",
    "s",
    "S",
    "K",
    "\u{212a}",
    "k",
    "İ",
    "i",
    "i\u{307}",
    "",
    " ",
    "*",
    "a*b",
    "a?b",
    "aXb",
    "500",
    "5e2",
    "500.0",
    "true",
    "null",
    "日本",
    "\0",
    "a\0b",
    "a\\b",
    "a\"b",
];

pub const NUMBERS: [&str; 20] = [
    "500",
    "500.0",
    "5e2",
    "5E+2",
    "0",
    "-0",
    "-0.0",
    "-1.5",
    "1e-400",
    "599",
    "600",
    "18446744073709551615",
    "18446744073709551616",
    "9007199254740993",
    "9007199254740992",
    "-9223372036854775808",
    "1e999",
    "-1e999",
    "0.1",
    "1e300",
];

/// Texts that are numbers, and texts that come close to it.
pub const NUMERALS: [&str; 30] = [
    "500",
    "503",
    "500.0",
    "5E+2",
    "+500",
    "0500",
    "-1.5",
    "-1.50",
    "1e3",
    "007",
    "7",
    ".5",
    "5.",
    "-0",
    "1e999",
    "-1e999",
    "18446744073709551615",
    "18446744073709551616",
    "9007199254740993",
    "-9223372036854775808",
    " 5",
    "5 ",
    "5x",
    "0x10",
    "٣",
    "1_000",
    "1.2.3",
    "inf",
    "-",
    ".",
];

/// With zeros for the dots.
const LONG_NUMBERS: [&str; 6] = ["500.…", "-1.5…", "6…", "0.…1", "1e-…400", "5e+…2"];

pub const LEVELS: [&str; 12] =
    ["error", "ERROR", "warn", "info", "debug", "trace", "fatal", "3", "audit", "Audit", "İ", "errors"];

pub const PATHS: [&str; 14] = [
    "a",
    "b",
    "a.b",
    "a.b.c",
    "http.status",
    "http",
    "status",
    "level",
    "x y",
    "ключ",
    "a.",
    ".a",
    "a\0b",
    "A",
];

const TIMES: [&str; 24] = [
    "2023-09-15T08:00:00Z",
    "2023-09-15T08:00:00.000000001Z",
    "2023-09-15T07:59:59.999999999Z",
    "2023-09-15T08:00:00.5Z",
    "2023-09-15T00:00:00Z",
    "2023-09-14T23:59:59.999999999Z",
    "2023-09-15T23:59:59Z",
    "2023-09-15T23:59:59.999999999Z",
    "2023-09-16T00:00:00Z",
    "2023-09-17T00:00:00Z",
    "2023-09-17T11:00:00Z",
    "2023-09-13T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "1969-12-31T23:59:59.999999999Z",
    "1999-12-31T00:00:00Z",
    "1677-09-21T00:12:43.145224192Z",
    "1677-09-21T00:12:43.145224191Z",
    "2262-04-11T23:47:16.854775807Z",
    "2262-04-11T23:47:16.854775808Z",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "9999-12-31T23:59:59Z",
    "1066-10-14T00:00:00Z",
    "3000-01-01T00:00:00Z",
];

const RECEIPTS: [&str; 5] = [
    "2023-09-15T08:00:05Z",
    "2023-09-15T08:00:05.000000001Z",
    "2023-09-16T00:00:00Z",
    "2023-09-16T08:00:00Z",
    "2023-09-17T10:00:00Z",
];

pub fn time(dice: &mut Dice) -> Timestamp {
    at(dice.pick(&TIMES))
}

pub fn time_text(dice: &mut Dice) -> &'static str {
    dice.pick(&TIMES)
}

pub fn random(dice: &mut Dice, count: usize) -> Vec<NewEntry> {
    (0..count as u64).map(|number| entry(dice, number)).collect()
}

fn entry(dice: &mut Dice, number: u64) -> NewEntry {
    let received_at = at(dice.pick(&RECEIPTS));
    let id = match dice.below(8) {
        0 => EntryId::derived("key", number),
        // Not in the order of receipt.
        1 => id(received_at, 1_000 - number),
        _ => id(received_at, number),
    };
    let mut fields = Map::new();
    fields.insert("message".to_owned(), message(dice).into());
    // Most times lie near each other, so that ranges and pages have something to tell apart.
    let near = &TIMES[..11];
    fields.insert(
        "timestamp".to_owned(),
        if dice.one_in(3) { time_text(dice) } else { dice.pick(near) }.into(),
    );
    if !dice.one_in(4) {
        fields.insert("level".to_owned(), dice.pick(&LEVELS).into());
    }
    for name in ["resourceId", "traceId", "spanId", "commit"] {
        if dice.one_in(2) {
            fields.insert(name.to_owned(), value(dice).into());
        }
    }
    if !dice.one_in(4) {
        fields.insert("metadata".to_owned(), object(dice, 2));
    }
    let sent = serde_json::to_string(&fields).unwrap();
    let sent = put_numbers(sent);
    let mut body = Vec::new();
    let stamp = Stamp { id, received_at };
    accept(sent.as_bytes(), stamp, &Limits::default(), &mut body)
        .unwrap_or_else(|rejection| panic!("{sent}: {rejection}"));
    NewEntry { id, body: Bytes::from(body) }
}

pub fn message(dice: &mut Dice) -> String {
    let mut message = String::new();
    if dice.one_in(40) {
        message = "long ".repeat([2_183, 2_184, 2_185, 7_000][dice.below(4)]);
    }
    for _ in 0..dice.below(7) {
        message.push_str(&word(dice));
        message.push_str(dice.pick(&[" ", " ", " ", "-", ".", ": ", "\n", "  ", ""]));
    }
    message
}

pub fn word(dice: &mut Dice) -> String {
    match dice.below(20) {
        0 => format!("{}{}", "x".repeat(255), dice.pick(&["", "y", "Y", "zz"])),
        1 => "ж".repeat(250 + dice.below(10)),
        2 => "\u{10400}".repeat([127, 128, 254, 255, 256][dice.below(5)]),
        _ => dice.pick(&WORDS).to_owned(),
    }
}

pub fn value(dice: &mut Dice) -> String {
    match dice.below(24) {
        0 => format!("{}{}", "v".repeat(8191), dice.pick(&["", "é", "w", "ww", "W"])),
        2 => "\u{65e5}".repeat(11_000 + dice.below(10)),
        1 => format!("{}{}", "V".repeat(8192), dice.pick(&["", "w", "W"])),
        _ => dice.pick(&VALUES).to_owned(),
    }
}

fn object(dice: &mut Dice, depth: usize) -> Value {
    let mut object = Map::new();
    for _ in 0..dice.below(5) {
        let value = any(dice, depth);
        // Longer than the parsers of servers take.
        let key = if dice.one_in(200) { "k".repeat(60_000) } else { dice.pick(&PATHS).to_owned() };
        object.insert(key, value);
    }
    Value::Object(object)
}

fn any(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(12) {
        0..=3 => number(dice),
        4..=5 => numeral(dice).into(),
        6..=7 => value(dice).into(),
        8 => json!(dice.one_in(2)),
        9 => Value::Null,
        10 if depth > 0 => Value::Array((0..dice.below(4)).map(|_| any(dice, depth - 1)).collect()),
        _ if depth > 0 => object(dice, depth - 1),
        _ => number(dice),
    }
}

pub fn numeral(dice: &mut Dice) -> String {
    if dice.one_in(40) {
        // Longer than values are searched: only the whole of it shows whether it is a number.
        return format!("{}{}", "0".repeat(8191), dice.pick(&["", "5", "0500", "0x", "é"]));
    }
    dice.pick(&NUMERALS).to_owned()
}

/// A literal that serde_json could not write as it is; see [`put_numbers`].
fn number(dice: &mut Dice) -> Value {
    if dice.one_in(60) {
        // With more digits than the parsers of servers take.
        let (before, behind) = dice.pick(&LONG_NUMBERS).split_once('…').unwrap();
        return format!("number:{before}{}{behind}", "0".repeat(990 + dice.below(300))).into();
    }
    format!("number:{}", dice.pick(&NUMBERS)).into()
}

/// Takes the quotes off what [`number`] wrote.
fn put_numbers(mut json: String) -> String {
    const MARK: &str = "\"number:";
    while let Some(start) = json.find(MARK) {
        let end = start + MARK.len() + json[start + MARK.len()..].find('"').unwrap();
        json.remove(end);
        json.replace_range(start..start + MARK.len(), "");
    }
    json
}
