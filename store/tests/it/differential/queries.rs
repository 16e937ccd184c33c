//! Random queries, as their text.

use logpipeline_model::query::Query;

use super::entries::{LEVELS, NUMBERS, PATHS, VALUES, WORDS, message, numeral, time_text, value, word};
use super::now;
use crate::dice::Dice;

/// A query that the language takes, and its text.
pub fn random(dice: &mut Dice) -> (String, Query) {
    for _ in 0..1_000 {
        let text = expression(dice, 3);
        if let Ok(query) = Query::parse(&text, now()) {
            return (text, query);
        }
    }
    panic!("the generator writes nothing that the language takes");
}

fn expression(dice: &mut Dice, depth: usize) -> String {
    if depth == 0 {
        return clause(dice);
    }
    let part = |dice: &mut Dice| expression(dice, depth - 1);
    match dice.below(8) {
        0 => format!("({} {})", part(dice), part(dice)),
        1 => format!("({} AND {})", part(dice), part(dice)),
        2 => format!("({} OR {})", part(dice), part(dice)),
        3 => format!("NOT {}", part(dice)),
        4 => format!("-{}", part(dice)),
        _ => clause(dice),
    }
}

fn clause(dice: &mut Dice) -> String {
    match dice.below(21) {
        20 => several(dice),
        0..=3 => on_message(dice),
        4..=8 => on_keyword(dice),
        9..=13 => on_metadata(dice),
        14..=15 => on_level(dice),
        16..=17 => on_time(dice),
        18 => on_id(dice),
        _ => regex(dice),
    }
}

/// Many clauses, or many brackets inside each other.
fn several(dice: &mut Dice) -> String {
    if dice.one_in(2) {
        let values: Vec<_> = (0..10 + dice.below(30)).map(|_| quoted(&value(dice))).collect();
        let short: Vec<_> = values.iter().filter(|value| value.len() < 100).map(String::as_str).collect();
        return format!("{}:({})", dice.pick(&["service", "metadata.a", "message"]), short.join(", "));
    }
    (0..10).fold(clause(dice), |inner, turn| {
        let (other, join) = (on_level(dice), ["AND", "OR"][turn % 2]);
        format!("({other} {join} -({inner}))")
    })
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn on_message(dice: &mut Dice) -> String {
    let several = |dice: &mut Dice| {
        let words: Vec<_> = (0..1 + dice.below(3)).map(|_| word(dice)).collect();
        words.join(dice.pick(&[" ", "-", ". "]))
    };
    match dice.below(12) {
        0..=2 => word(dice),
        3 => quoted(&several(dice)),
        4 => format!("{}*", quoted(&several(dice))),
        5 => format!("{}*", start(dice.pick(&WORDS), dice)),
        6 => wildcard(dice.pick(&WORDS), dice),
        7 => format!("message={}", quoted(&message(dice))),
        8 => format!("message:{}", quoted(dice.pick(&[": ", "\n", "-", "  ", "*", "😀"]))),
        9 => format!("message:{}", wildcard("connect-to.db", dice)),
        10 => format!("message=~{}", regex(dice)),
        _ => format!("msg:({}, {})", word(dice), word(dice)),
    }
}

/// The beginning of a word.
fn start(word: &str, dice: &mut Dice) -> String {
    let count = word.chars().count();
    word.chars().take(1 + dice.below(count)).collect()
}

/// The word with some characters replaced by wildcards.
fn wildcard(word: &str, dice: &mut Dice) -> String {
    let replace = |character: char| match dice.below(5) {
        0 => '?',
        1 => '*',
        _ => character,
    };
    word.chars().map(replace).collect()
}

fn on_keyword(dice: &mut Dice) -> String {
    let field = dice.pick(&["resourceId", "service", "traceId", "spanId", "commit"]);
    let operator = dice.pick(&[":", ":", "=", "!="]);
    match dice.below(9) {
        0..=2 => format!("{field}{operator}{}", quoted(&value(dice))),
        3 => format!("{field}:{}", dice.pick(&VALUES)),
        4 => format!("{field}:*"),
        5 => format!("{field}{operator}{}", wildcard(dice.pick(&VALUES), dice)),
        6 => format!("{field}{}{}", dice.pick(&["=~", "!~", ":"]), regex(dice)),
        7 => format!("{field}{}{}", dice.pick(&["<", "<=", ">", ">="]), quoted(&value(dice))),
        _ => {
            let (a, b) = (dice.pick(&VALUES), dice.pick(&VALUES));
            range(field, &quoted(a), &quoted(b), dice)
        }
    }
}

fn on_metadata(dice: &mut Dice) -> String {
    let path = dice.pick(&PATHS);
    let quoted_path = quoted(&format!("metadata.{path}"));
    let field =
        if path.contains([' ', '\0']) || dice.one_in(4) { quoted_path } else { format!("metadata.{path}") };
    match dice.below(12) {
        0 => format!("{field}:*"),
        1 => format!("{field}:{}", dice.pick(&NUMBERS)),
        2 => format!("{field}{}{}", dice.pick(&["=", ":", "!="]), quoted(&value(dice))),
        3 | 8 => format!("{field}{}{}", dice.pick(&["<", "<=", ">", ">="]), bound(dice)),
        4 | 9 => {
            let (a, b) = (bound(dice), bound(dice));
            range(&field, &a, &b, dice)
        }
        10 => format!("{field}{}{}", dice.pick(&["=", ":", "!="]), numeral(dice)),
        11 => format!("{field}{}{}", dice.pick(&["=", ":", "!="]), quoted(&numeral(dice))),
        5 => format!("{field}:{}", wildcard(dice.pick(&VALUES), dice)),
        6 => format!("{field}=~{}", regex(dice)),
        7 => format!("{field}={}", dice.pick(&["500", "5e2", "true", "null", "s"])),
        _ => dice.pick(&["metadata:*", "a.b:*", "http.status:500", "-metadata:*"]).to_owned(),
    }
}

/// A number, or in quotes what may be one.
fn bound(dice: &mut Dice) -> String {
    if dice.one_in(3) { quoted(&numeral(dice)) } else { dice.pick(&NUMBERS).to_owned() }
}

fn range(field: &str, from: &str, to: &str, dice: &mut Dice) -> String {
    let from = if dice.one_in(5) { "*" } else { from };
    let to = if dice.one_in(5) { "*" } else { to };
    format!("{field}:{}{from} TO {to}{}", dice.pick(&["[", "{"]), dice.pick(&["]", "}"]))
}

fn on_level(dice: &mut Dice) -> String {
    let level = dice.pick(&LEVELS);
    match dice.below(6) {
        0 | 1 => format!("level:{level}"),
        2 => format!("level{}{}", dice.pick(&["<", "<=", ">", ">="]), dice.pick(&["info", "warn", "error"])),
        3 => format!("level:({level}, {})", dice.pick(&LEVELS)),
        4 => "level:*".to_owned(),
        _ => format!("level{}{}", dice.pick(&[":", "="]), wildcard(level, dice)),
    }
}

fn on_time(dice: &mut Dice) -> String {
    let field = dice.pick(&["timestamp", "timestamp", "@timestamp", "receivedAt"]);
    let literal = |dice: &mut Dice| match dice.below(4) {
        0 => time_text(dice)[..10].to_owned(),
        1 => dice.pick(&["now-1h", "now/d", "now", "now+1d/d"]).to_owned(),
        _ => time_text(dice).to_owned(),
    };
    let (a, b) = (literal(dice), literal(dice));
    match dice.below(4) {
        0 => format!("{field}:{}", quoted(&a)),
        1 => format!("{field}{}{a}", dice.pick(&["<", "<=", ">", ">=", "="])),
        2 => format!("{field}:*"),
        _ => range(field, &a, &b, dice),
    }
}

fn on_id(dice: &mut Dice) -> String {
    let id = crate::ground::id(crate::ground::at("2023-09-15T08:00:05Z"), dice.below(160) as u64).to_string();
    match dice.below(5) {
        0 => format!("id:{id}"),
        1 => format!("id={}", id.to_uppercase()),
        2 => format!("id:{}*", &id[..10 + dice.below(20)]),
        3 => format!("id>{id}"),
        _ => format!("id=~/{}$/", &id[33..]),
    }
}

fn regex(dice: &mut Dice) -> String {
    let source = dice.pick(&[
        "timeout after \\d+ms",
        "[Ff]ailed",
        "failed|timeout",
        "^failed",
        "ms$",
        "server-\\d+",
        "k",
        "\u{212a}",
        "i",
        "straße",
        "(?i)STRASSE",
        "a.b",
        "x{20}",
        "^$",
        "日",
        "conn?ect",
        "(failed|connect) to",
        "\\s",
        "\\W",
        "^.+$",
        "java\\.lang",
        "500",
        "^v+$",
        "[^a]",
        "e\u{301}",
    ]);
    format!("/{source}/{}", dice.pick(&["", "", "i"]))
}
