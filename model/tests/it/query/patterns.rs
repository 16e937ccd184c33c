//! Regular expressions, and what an index can know from them.

use logpipeline_model::query::{Pattern, Prefilter, Wildcard, WildcardPart};
use proptest::prelude::*;

fn pattern(source: &str) -> Pattern {
    Pattern::parse(source, false).unwrap_or_else(|error| panic!("{source}: {error:?}"))
}

fn finds(source: &str, text: &str) -> bool {
    pattern(source).regex().unwrap().is_match(text)
}

#[test]
fn classes_are_ascii() {
    for (class, member, others) in [
        (r"\d", "7", ["x", "٣", "²"]),
        (r"\w", "_", ["-", "ä", "\u{212a}"]),
        (r"\s", "\u{b}", ["x", "\u{a0}", "\u{85}"]),
        (r"[\d]", "7", ["x", "٣", "²"]),
        (r"[^\D]", "7", ["x", "٣", "²"]),
        (r"[\w&&[^_]]", "a", ["_", "ä", "-"]),
        (r"(?i)\w", "K", ["-", "ſ", "\u{212a}"]),
        (r"(?x) \s # a space", " ", ["x", "\u{a0}", "\u{2003}"]),
    ] {
        assert!(finds(&format!("^{class}$"), member), "{class}");
        for other in others {
            assert!(!finds(&format!("^{class}$"), other), "{class} {other:?}");
        }
    }
    for (class, member) in [(r"\D", "٣"), (r"\W", "ä"), (r"\S", "\u{a0}"), (r"[\W]", "ſ")] {
        assert!(finds(&format!("^{class}$"), member), "{class}");
    }
}

#[test]
fn flags_and_anchors_work() {
    assert!(finds("(?i)größe", "GRÖSSE größe".split(' ').next_back().unwrap()));
    assert!(finds("(?m)^b$", "a\nb\nc"));
    assert!(!finds("^b$", "a\nb\nc"));
    assert!(finds("a.b", "axb") && !finds("a.b", "a\nb") && finds("(?s)a.b", "a\nb"));
    assert!(finds(r"\Aab\z", "ab"));
    assert!(finds(r"(?i:A)b", "ab") && !finds(r"(?i:A)b", "aB"));
    let insensitive = Pattern::parse("Oom", true).unwrap();
    assert!(insensitive.regex().unwrap().is_match("OOM"));
    assert_eq!((insensitive.source(), insensitive.normalised()), ("Oom", "(?i)Oom"));
}

#[test]
fn the_source_is_what_stands_between_slashes() {
    assert_eq!(pattern("a/b").source(), r"a\/b");
    assert_eq!(pattern(r"a\/b").source(), r"a\/b");
    assert_eq!(pattern(r"a\\/b").source(), r"a\\\/b");
    assert!(finds("a/b", "a/b") && finds(r"[/]", "/"));
}

#[test]
fn places_of_errors_are_bytes_of_the_expression() {
    for (source, start, end) in [
        (r"ä(?=b)", 2, 5),
        (r"ab\bcd", 2, 4),
        (r"ab\B", 2, 4),
        (r"a\b{start}", 1, 10),
        (r"\<x", 0, 2),
        (r"(a)\1", 3, 5),
        (r"(?u:a)", 2, 3),
        (r"(?R)$", 2, 3),
        (r"a{1001}", 1, 7),
        (r"\p{Nonsense}", 0, 12),
        (r"a(b", 1, 2),
    ] {
        let error = Pattern::parse(source, false).expect_err(source);
        assert_eq!((error.span.start, error.span.end), (start, end), "{source}: {error:?}");
    }
}

#[test]
fn slashes_and_classes_do_not_change_what_is_accepted() {
    for source in ["", "(", "a{1,", "(?P<n>a)(?P<n>b)", r"\u{110000}", r"(?-u:\xff)", "a{1000}{1000}"] {
        assert!(Pattern::parse(source, false).is_err(), "{source}");
    }
}

fn check(source: &str, tokens: &[&str], prefixes: &[&str], fragments: &[&str]) {
    let prefilter = pattern(source).prefilter();
    assert_eq!(prefilter.tokens, tokens, "{source}");
    assert_eq!(prefilter.prefixes, prefixes, "{source}");
    assert_eq!(prefilter.fragments, fragments, "{source}");
    assert!(prefilter.any_of.is_empty(), "{source}");
}

#[test]
fn tokens_are_whole_where_separators_bound_them() {
    check(r"timeout after \d+ms", &["after"], &[], &["ms", "timeout"]);
    check("timeout", &[], &[], &["timeout"]);
    check(" Timeout ", &["timeout"], &[], &[]);
    check("^Failed to", &["failed"], &["to"], &[]);
    check("^Failed to connect$", &["connect", "failed", "to"], &[], &[]);
    check(r"conn\s+refused\.$", &["refused"], &[], &["conn"]);
    check(r"conn\s*refused", &[], &[], &["conn", "refused"]);
    check(r"(?m)^at com\.foo", &["at", "com"], &["foo"], &[]);
    check(r"(user)=(bob) ", &["bob"], &[], &["user"]);
    check(r"\W+oom\W+", &[], &[], &["oom"]);
    check(r"[^a]x", &[], &[], &["x"]);
    check(r"a?b*(c|d)", &[], &[], &[]);
    check(r"(ab)+ ", &[], &[], &["ab"]);
    check("x{3}", &[], &[], &["x"]);
}

#[test]
fn case_is_folded_only_where_tokens_fold_alike() {
    check("(?i)panic ", &[], &[], &["panic"]);
    check("(?i) oom-killer ", &["killer", "oom"], &[], &[]);
    // Without regard to case, s is ſ too, which tokens keep apart.
    check("(?i) ash ", &[], &["a"], &["h"]);
    check("(?i) \u{212a} ", &["k"], &[], &[]);
    check("(?i) [aA]b ", &["ab"], &[], &[]);
    check(" [ab]c ", &[], &[], &["c"]);
}

#[test]
fn one_of_several_alternatives_must_hold() {
    let fragment = |text: &str| Prefilter { fragments: vec![text.to_owned()], ..Prefilter::default() };
    let either = pattern("(?i)panic|oom").prefilter();
    assert_eq!(either.any_of, [vec![fragment("panic"), fragment("oom")]]);
    let around = pattern("kernel: (panic|oom) now").prefilter();
    assert_eq!(around.fragments, ["kernel"]);
    assert_eq!(around.prefixes, ["now"]);
    assert_eq!(around.any_of, [vec![fragment("panic"), fragment("oom")]]);
    assert!(pattern(r"panic|\d+").prefilter().is_empty());
    assert!(either.admits("PANICKED") && either.admits("x oom") && !either.admits("fine"));
}

#[test]
fn parts_of_long_tokens_may_be_cut_off() {
    let text = format!("{}needle", "x".repeat(300));
    assert!(finds("needle", &text));
    assert!(pattern("needle").prefilter().admits(&text));
    assert!(!pattern("needle").prefilter().admits(&"x".repeat(100)));
    let long = "y".repeat(300);
    assert_eq!(pattern(&format!(" {long} ")).prefilter().tokens, ["y".repeat(255)]);
    assert_eq!(pattern(&format!(" {long}")).prefilter().tokens, ["y".repeat(255)]);
}

#[test]
fn wildcards_have_prefilters_too() {
    let literal = |text: &str| WildcardPart::Literal(text.to_owned());
    let prefilter = Wildcard(vec![literal("get /api/"), WildcardPart::AnyRun, literal("-x")]).prefilter();
    assert_eq!(prefilter.tokens, ["api"]);
    assert_eq!(prefilter.fragments, ["get"]);
    assert_eq!(prefilter.prefixes, ["x"]);
}

proptest! {
    #[test]
    fn no_expression_makes_the_reader_panic(source in any::<String>(), ignore_case in any::<bool>()) {
        match Pattern::parse(&source, ignore_case) {
            Ok(pattern) => {
                prop_assert!(pattern.regex().is_ok());
                pattern.prefilter();
                let again = Pattern::parse(pattern.source(), ignore_case).unwrap();
                prop_assert_eq!(again.source(), pattern.source());
            }
            Err(error) => prop_assert!(source.get(error.span.start..error.span.end).is_some()),
        }
    }

    #[test]
    fn no_text_like_an_expression_makes_the_reader_panic(source in r"[a-c\\(){}\[\]|*+?.^$:&~<>=!/ dwsbBpLN0-9i-]{0,16}") {
        if let Ok(pattern) = Pattern::parse(&source, false) {
            prop_assert!(pattern.regex().is_ok());
            pattern.prefilter();
        }
    }
}
