//! What holds for every query.

use logpipeline_model::query::{Expr, Matcher, Pattern, Query, Span, Wildcard, WildcardPart};
use proptest::prelude::*;

use super::support::{NOW, at, entry, sample};

/// Text that comes close to queries.
fn queryish() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(vec![
            "level", ":", "error", " ", " ", "message", "\"", "(", ")", "[", "]", "{", "}", " TO ", " AND ", " OR ",
            "NOT ", "not ", "-", "!", "+", "*", "?", "\\", "/", "i", ",", "||", "&&", "|", "=~", "!~", ">=", "<=", ">",
            "<", "=", "!=", "now", "-15m", "/d", "2023-09-15", "T08:00:00Z", "timestamp", "metadata.x", "500", "1e999",
            "-1.5", "@", "'", "failed to", "server-1", "\\d+", "(?i)", "ä", "\u{301}", "\u{201c}", "https://h:1/p?q=1",
            "std::io", "\n", "\0", ".", "resourceId", "traceId", "id", "~", "^", "$", "warn", "now/w+9h", "{2,3}",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "[a-z]{1,4}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Queries that parse.
fn query() -> impl Strategy<Value = String> {
    let word = "[a-zA-Z0-9é_.*?-]{1,6}";
    let clause = prop_oneof![
        word.prop_map(|word| format!("x{word}")),
        "[ -~]{1,8}"
            .prop_map(|text| format!("\"{}\"*", text.replace(['\\', '"'], "")))
            .prop_filter("empty", |q| q.len() > 3),
        (
            prop::sample::select(vec![
                "level",
                "resourceId",
                "metadata.a",
                "b.c",
                "\"d e\"",
                "message",
                "_id",
                "@f"
            ]),
            prop::sample::select(vec![":", "=", "!="]),
            word
        )
            .prop_map(|(field, operator, word)| format!("{field}{operator}y{word}")),
        (
            prop::sample::select(vec!["resourceId", "commit", "n", "metadata.m"]),
            prop::sample::select(vec![">", ">=", "<", "<=", ":>"]),
            "[0-9]{1,20}(\\.[0-9]{1,3})?"
        )
            .prop_map(|(field, operator, number)| format!("{field}{operator}{number}")),
        (
            prop::sample::select(vec!["[", "{"]),
            "-?[0-9]{1,3}",
            "[0-9a-c]{1,3}",
            prop::sample::select(vec!["]", "}"])
        )
            .prop_map(|(open, lower, upper, close)| format!("n:{open}{lower} TO {upper}{close}")),
        (
            prop::sample::select(vec!["<", "<=", ">", ">=", ":", "!="]),
            prop::sample::select(vec![
                "now",
                "now-7d/w",
                "2023-09",
                "0000-01-01",
                "9999-12-31T23:59:59.999999999Z",
                "2023-09-15T08:00:00.12Z"
            ])
        )
            .prop_map(|(operator, time)| format!("timestamp{operator}{time}")),
        (
            prop::sample::select(vec![">", ">=", "<", "<=", "=", ":"]),
            prop::sample::select(vec!["trace", "info", "warn", "fatal", "ERR"])
        )
            .prop_map(|(operator, level)| format!("level{operator}{level}")),
        prop::sample::select(vec![
            "*",
            "traceId:*",
            "metadata:*",
            "n:(1, b*, \"c d\")",
            "/a\\/b \\w/i",
            "commit=~/[\\/]x/",
            "level:{trace TO fatal}",
            "message:\"\"",
            "\"->\"",
            "a-*",
            "path:/api/*",
            "n:\"5\"",
            "n:5e2",
            "n=1e999",
            "n>1e999",
            "n>9007199254740993",
            "message=x*",
            "service:[* TO z]",
            "n:>\"a\"",
            "level>fatal",
            "timestamp:[9999 TO 0000]",
            "metadata.a..b:c",
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = clause.boxed();
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| format!("NOT ({one})")),
            inner.clone().prop_map(|one| format!("-({one})")),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("({})", parts.join(") ("))),
            prop::collection::vec(inner, 1..4).prop_map(|parts| format!("({})", parts.join(") OR ("))),
        ]
    })
}

fn without_spans(mut expr: Expr) -> Expr {
    match &mut expr {
        Expr::All => {}
        Expr::And(parts) | Expr::Or(parts) => {
            for part in parts.iter_mut() {
                *part = without_spans(part.clone());
            }
        }
        Expr::Not(part) => **part = without_spans((**part).clone()),
        Expr::Clause(clause) => clause.span = Span { start: 0, end: 0 },
    }
    expr
}

fn spans(expr: &Expr) -> Vec<Span> {
    match expr {
        Expr::All => vec![],
        Expr::And(parts) | Expr::Or(parts) => parts.iter().flat_map(spans).collect(),
        Expr::Not(part) => spans(part),
        Expr::Clause(clause) => vec![clause.span],
    }
}

fn check_any(text: &str) -> Result<(), TestCaseError> {
    match Query::parse(text, at(NOW)) {
        Ok(query) => {
            for span in spans(&query.expr) {
                prop_assert!(text.get(span.start..span.end).is_some_and(|text| !text.is_empty()), "{span:?}");
            }
            Matcher::new(&query).matches(&sample());
            Matcher::new(&query).matches(&entry(text));
            check_round_trip(&query)?;
        }
        Err(error) => {
            prop_assert!(text.get(error.span.start..error.span.end).is_some(), "{error:?}");
            prop_assert!(!error.message.is_empty() && !error.hint.is_empty(), "{error:?}");
            if let Some(suggestion) = &error.suggestion {
                prop_assert!(Query::parse(suggestion, at(NOW)).is_ok(), "{error:?}");
                prop_assert!(suggestion != text && !suggestion.is_empty(), "{error:?}");
            }
        }
    }
    Ok(())
}

fn check_round_trip(query: &Query) -> Result<(), TestCaseError> {
    let written = query.to_string();
    let again = Query::parse(&written, at("2001-01-01T00:00:00Z"));
    let again = again.map_err(|error| TestCaseError::fail(format!("{written}: {error:?}")))?;
    prop_assert_eq!(without_spans(again.expr.clone()), without_spans(query.expr.clone()), "{}", written);
    prop_assert_eq!(again.to_string(), written);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        check_any(&text)?;
    }

    #[test]
    fn nothing_like_a_query_makes_the_parser_panic(text in queryish()) {
        check_any(&text)?;
    }

    #[test]
    fn a_query_written_out_is_the_same_query(text in query()) {
        let query = Query::parse(&text, at(NOW));
        let query = query.map_err(|error| TestCaseError::fail(format!("{text}: {error:?}")))?;
        check_round_trip(&query)?;
    }
}

/// Regular expressions of the kind that people write.
fn expression() -> impl Strategy<Value = String> {
    let atom = prop::sample::select(vec![
        "a",
        "b",
        "ab",
        "Ab",
        "k",
        "K",
        "s",
        "S",
        "é",
        "É",
        "İ",
        "1",
        " ",
        "-",
        "\\.",
        ".",
        "\\d",
        "\\w",
        "\\s",
        "\\W",
        "[ab]",
        "[Aa]",
        "[ -]",
        "[^a]",
        "^",
        "$",
        "(?i)",
        "(?-i)",
        "(?m)^",
        "\\x{212a}",
        "ſ",
        ":",
    ]);
    let leaf = prop::collection::vec(atom, 1..5).prop_map(|atoms| atoms.concat()).boxed();
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), prop::sample::select(vec!["*", "+", "?", "{2}", "{1,2}", "{1}", "{0}"]))
                .prop_map(|(inner, repeat)| format!("({inner}){repeat}")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("(?:{one}|{other})")),
            (inner.clone(), inner).prop_map(|(one, other)| format!("{one}{other}")),
        ]
    })
}

fn short_text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a", "b", "ab", "AB", "k", "\u{212a}", "s", "ſ", "S", "é", "É", "İ", "i", "1", " ", "-", ".", "\n",
        ":", "_",
    ]);
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8_000))]

    #[test]
    fn a_prefilter_admits_all_that_the_expression_matches(source in expression(), text in short_text(), long in any::<bool>()) {
        let Ok(pattern) = Pattern::parse(&source, false) else { return Ok(()) };
        let text = if long { format!("{}{text}", "a".repeat(254)) } else { text };
        if pattern.regex().unwrap().is_match(&text) {
            prop_assert!(pattern.prefilter().admits(&text), "{:?}", pattern.prefilter());
        }
    }

    #[test]
    fn a_prefilter_admits_all_that_the_wildcard_matches(text in short_text(), holes in prop::collection::vec((0usize..12, any::<bool>()), 0..4)) {
        // A pattern that matches: the text with some characters replaced.
        let folded = logpipeline_model::query::text::fold(&text);
        let mut parts = Vec::new();
        for (index, character) in folded.chars().enumerate() {
            match holes.iter().find(|(place, _)| *place == index) {
                Some((_, true)) => parts.push(WildcardPart::AnyRun),
                Some((_, false)) => parts.push(WildcardPart::AnyCharacter),
                None => match parts.last_mut() {
                    Some(WildcardPart::Literal(literal)) => literal.push(character),
                    _ => parts.push(WildcardPart::Literal(character.into())),
                },
            }
        }
        let wildcard = Wildcard(parts);
        prop_assert!(wildcard.regex(false).unwrap().is_match(&folded));
        prop_assert!(wildcard.prefilter().admits(&text), "{:?} {:?}", wildcard, wildcard.prefilter());
    }

    #[test]
    fn a_normalised_expression_is_the_expression_with_ascii_classes(source in "[a-c.|*+?()\\[\\]{}0-2,^$-]{1,12}") {
        // Without classes to rewrite, nothing but the flag is added.
        if let Ok(pattern) = Pattern::parse(&source, true) {
            prop_assert_eq!(pattern.normalised(), format!("(?i){source}"));
        }
    }
}
