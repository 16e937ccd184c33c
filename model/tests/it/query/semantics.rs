//! What clauses mean, rule by rule.

use std::ops::Bound;
use std::slice::from_ref;

use logpipeline_model::Document;
use logpipeline_model::query::{Expr, Test};

use super::support::{at, check, entry, finds, number_leaf, parse, sample, text_leaf};

fn with(metadata: Vec<logpipeline_model::document::Leaf<'static>>) -> Document<'static> {
    Document { metadata, ..sample() }
}

fn time_of(query: &str) -> (String, String) {
    match parse(query).expr {
        Expr::Clause(clause) => match clause.test {
            Test::Time(range) => (range.first.to_string(), range.last.to_string()),
            other => panic!("{query}: {other:?}"),
        },
        other => panic!("{query}: {other:?}"),
    }
}

#[test]
fn an_empty_query_finds_everything() {
    for query in ["", "  \n", "*", "*:*"] {
        assert_eq!(parse(query).expr, Expr::All, "{query:?}");
    }
    check("-*", &[], &[sample(), entry("")]);
}

#[test]
fn a_literal_of_lesser_precision_is_its_whole_unit() {
    let day = ("2023-09-15T00:00:00Z".to_owned(), "2023-09-15T23:59:59.999999999Z".to_owned());
    assert_eq!(time_of("timestamp:2023-09-15"), day);
    assert_eq!(time_of("timestamp=2023-09-15"), day);
    assert_eq!(time_of("timestamp:[2023-09-15 TO 2023-09-15]"), day);
    assert_eq!(time_of("@timestamp:\"2023-09-15\""), day);
    assert_eq!(time_of("timestamp>2023-09-15").0, "2023-09-16T00:00:00Z");
    assert_eq!(time_of("timestamp>=2023-09-15").0, day.0);
    assert_eq!(time_of("timestamp<2023-09-15").1, "2023-09-14T23:59:59.999999999Z");
    assert_eq!(time_of("timestamp<=2023-09-15").1, day.1);
    assert_eq!(time_of("timestamp:{2023-09-15 TO *]").0, "2023-09-16T00:00:00Z");
    assert_eq!(time_of("timestamp:[* TO 2023-09-15}").1, "2023-09-14T23:59:59.999999999Z");
    assert_eq!(time_of("time<=2023-09-15T08:00:00Z").1, "2023-09-15T08:00:00.999999999Z");
    assert_eq!(time_of("time<=2023-09-15T08:00:00.5Z").1, "2023-09-15T08:00:00.599999999Z");
    assert_eq!(time_of("receivedAt<=2023-09-15T10:00+02:00").1, "2023-09-15T08:00:59.999999999Z");
}

#[test]
fn now_is_one_instant_for_the_whole_query() {
    let (first, last) = time_of("timestamp:[now-1h TO now]");
    assert_eq!((first.as_str(), last.as_str()), ("2023-09-15T07:10:00Z", "2023-09-15T08:10:00Z"));
    assert_eq!(time_of("timestamp>=now-1d/d").0, "2023-09-14T00:00:00Z");
    assert_eq!(time_of("timestamp<=now/d").1, "2023-09-15T23:59:59.999999999Z");
}

#[test]
fn bounds_beyond_the_calendar_find_nothing() {
    check("timestamp>9999-12-31", &[], &[sample()]);
    check("timestamp<0000-01-01", &[], &[sample()]);
    check("timestamp>=0000-01-01 timestamp<=9999", &[sample()], &[]);
}

#[test]
fn an_inequality_of_times_leaves_the_unit_out() {
    let next_day = Document { timestamp: at("2023-09-16T00:00:00Z"), ..sample() };
    check("timestamp!=2023-09-15", &[next_day], &[sample()]);
}

#[test]
fn words_are_whole_tokens_without_regard_to_case() {
    let text = entry("java.lang.NullPointerException at Größe: user_id=42 €");
    for query in
        ["nullpointerexception", "JAVA", "GRÖSSE", "größe", "42", "user", "lang.nullPointerException"]
    {
        assert_eq!(finds(query, &text), query != "GRÖSSE", "{query}");
    }
    check("null", &[], from_ref(&text));
    check("user_id", from_ref(&text), &[entry("user of id"), entry("id user")]);
    check("user-id", &[text], &[]);
}

#[test]
fn tokens_are_cut_alike_in_messages_and_queries() {
    let long = "a".repeat(300);
    let text = entry(&long);
    check(&long, from_ref(&text), &[entry("a")]);
    check(&"a".repeat(255), from_ref(&text), &[]);
    check(&"a".repeat(254), &[], from_ref(&text));
    check(&format!("\"{}\"*", "a".repeat(200)), from_ref(&text), &[]);
    check("a*a", &[text], &[entry("ab")]);
}

#[test]
fn a_wildcard_without_separators_is_one_whole_token() {
    check(
        "conn*",
        &[entry("Connection lost"), entry("x CONN"), entry("re-connect")],
        &[entry("reconnect"), entry("con")],
    );
    check(
        "conn?ct",
        &[entry("connect"), entry("CONNÉCT")],
        &[entry("connct"), entry("conn ct"), entry("connects")],
    );
    check("message:*nect*", &[entry("reconnected")], &[entry("nec")]);
    check("?", &[entry("a bc"), entry("é")], &[entry("bc"), entry("--")]);
}

#[test]
fn a_wildcard_with_separators_runs_on_the_raw_message() {
    check(
        "/var/log/*.log",
        &[entry("open /var/log/app.log failed"), entry("X/VAR/LOG/a b.LOGS")],
        &[entry("open /var/lag/app.log")],
    );
    check("error-*", &[entry("error-")], &[entry("error 7")]);
}

#[test]
fn a_phrase_of_separators_is_found_as_it_is() {
    check(r#""->""#, &[entry("a -> b")], &[entry("a - > b")]);
    check("%", &[entry("50%")], &[entry("50")]);
    check(r#"message:"€ ""#, &[entry("5€ each")], &[entry("5€")]);
}

#[test]
fn escapes_take_wildcards_as_they_are() {
    let path = |path: &'static str| with(vec![text_leaf("path", path)]);
    check(r"path:\*", &[path("*")], &[path("x")]);
    check(r"path:a\?*", &[path("a?b")], &[path("ab")]);
    check(r"path:a\ b", &[path("a b")], &[path("ab")]);
    check(r#"path:"*""#, &[path("*")], &[path("x")]);
    check(r"path:C:\temp", &[path(r"C:\temp")], &[path("C:temp")]);
    check(r#"path:"a\"b\\c\nd""#, &[path("a\"b\\c\nd")], &[]);
}

#[test]
fn other_fields_hold_whole_values() {
    let resource = |id: &'static str| Document { resource_id: Some(id.into()), ..sample() };
    check("resourceId:server", &[], &[sample()]);
    check("resourceId:SERVER-1234", &[sample()], &[]);
    check("resourceId=SERVER-1234", &[], &[sample()]);
    check(r#"resourceId:"server"*"#, &[sample(), resource("Server 7")], &[resource("my-server")]);
    check("resourceId=server-*", &[sample()], &[resource("Server-1")]);
    check("resourceId!=server-1234", &[resource("SERVER-1234"), entry("none")], &[sample()]);
    check(
        "message=\"Failed to connect to DB\"",
        &[sample()],
        &[entry("failed to connect to db"), entry("Failed to connect to DB.")],
    );
    check("message:\"\"", &[entry("")], &[sample()]);
}

#[test]
fn values_are_searched_by_their_first_eight_kibibytes() {
    let long: &'static str = Box::leak(format!("{}é-tail", "x".repeat(8191)).into_boxed_str());
    let entry_of = || Document { resource_id: Some(long.into()), ..sample() };
    check(&format!("resourceId:{long}"), &[entry_of()], &[]);
    check("resourceId:x*", &[entry_of()], &[]);
    check("resourceId:*tail", &[], &[entry_of()]);
    check("resourceId:/tail/", &[], &[entry_of()]);
    check("resourceId:/é/", &[], &[entry_of()]);
}

#[test]
fn keyword_ranges_follow_the_order_of_bytes() {
    let resource = |id: &'static str| Document { resource_id: Some(id.into()), ..sample() };
    check(
        "resourceId>=server-2",
        &[resource("server-2"), resource("server-21")],
        &[sample(), resource("Server-9")],
    );
    check(
        "resourceId:[a TO b}",
        &[resource("a"), resource("az")],
        &[resource("b"), resource("A"), entry("none")],
    );
    check("commit:[5 TO *]", &[sample()], &[entry("none")]);
}

#[test]
fn an_entry_is_found_by_its_id() {
    let id = sample().id.to_string();
    check(&format!("id:{id}"), &[sample()], &[]);
    check(&format!("_id={}", id.to_uppercase()), &[], &[sample()]);
    check(&format!("id:{}*", &id[..13].to_uppercase()), &[sample()], &[]);
}

#[test]
fn regexes_run_on_the_raw_value_unanchored() {
    check("resourceId:/er-\\d{4}$/", &[sample()], &[entry("server-1234")]);
    check("resourceId=~/^erver/", &[], &[sample()]);
    check("/failed/", &[], &[sample()]);
    check("/failed/i", &[sample()], &[]);
    check("message!~/DB$/", &[entry("none")], &[sample()]);
    check("traceId!~/abc/", &[entry("no trace")], &[sample()]);
    check(r"/^\w+$/", &[entry("word")], &[entry("wörd"), entry("two words")]);
    check(r"/a\sb/", &[entry("a\u{b}b"), entry("a b")], &[entry("a\u{a0}b")]);
    check(r"/^[^\D5]$/", &[entry("4")], &[entry("5"), entry("x"), entry("٣")]);
}

#[test]
fn a_missing_field_fails_every_test_but_not_its_negation() {
    let bare = entry("x");
    for clause in [
        "level:*",
        "level:info",
        "level>=trace",
        "resourceId:*",
        "resourceId:x*",
        "resourceId:/x/",
        "resourceId>a",
        "traceId=x",
        "metadata:*",
        "metadata.a:*",
        "metadata.a:1",
        "metadata.a>0",
        "metadata.a:[* TO *]",
    ] {
        assert!(!finds(clause, &bare), "{clause}");
        assert!(finds(&format!("-{clause}"), &bare), "-{clause}");
        assert!(finds(&format!("NOT ({clause})"), &bare), "NOT ({clause})");
    }
    check("level!=error", &[bare], &[sample()]);
}

#[test]
fn levels_are_ordered_and_recognised() {
    let level = |level: &'static str| Document { level: Some(level.into()), ..sample() };
    check("level>=warn", &[level("warn"), level("error"), level("fatal")], &[level("info"), level("audit")]);
    check("level:>warn", &[level("error")], &[level("warn")]);
    check("level<info", &[level("debug"), level("trace")], &[level("info"), level("audit")]);
    check("level:[debug TO warn}", &[level("debug"), level("info")], &[level("trace"), level("warn")]);
    check("level>fatal", &[], &[level("fatal"), level("trace")]);
    check("level<trace", &[], &[level("fatal"), level("trace")]);
    check("level:ERR", &[sample()], &[]);
    check("level=WARNING", &[level("warn")], &[sample()]);
    check("severity>=critical", &[level("fatal")], &[sample()]);
    check("log.level:3", &[sample()], &[level("info")]);
    check("level:Audit", &[level("audit")], &[sample()]);
    check("level:e*", &[sample()], &[level("info")]);
}

#[test]
fn numbers_compare_by_value() {
    let number = |literal| with(vec![number_leaf("n", literal)]);
    let text = |value| with(vec![text_leaf("n", value)]);
    check(
        "metadata.n:500",
        &[number("500"), number("500.0"), number("5e2"), text("500")],
        &[text("500.0"), number("501")],
    );
    check("n=5e2", &[number("500"), text("5e2")], &[text("5E2")]);
    check("n:\"500\"", &[number("500"), text("500")], &[number("500.0"), number("5e2")]);
    check("n>499", &[number("500"), number("1e999")], &[number("499"), text("x")]);
    check("n:>=-1.5", &[number("-1.5"), number("0")], &[number("-2")]);
    check("n:{1 TO 2}", &[number("1.5")], &[number("1"), number("2")]);
    check("n>abc", &[], &[text("abd"), number("1")]);
    check("-n>abc", &[text("abd"), number("1")], &[]);
    check("n<=18446744073709551614", &[], &[number("18446744073709551615")]);
    check("n:true", &[text("true")], &[number("1")]);
    let empty = Test::Number(logpipeline_model::query::Bounds {
        lower: Bound::Excluded(0.into()),
        upper: Bound::Excluded(0.into()),
    });
    assert!(matches!(parse("n:[a TO 1]").expr, Expr::Clause(clause) if clause.test == empty));
}

#[test]
fn a_text_that_is_wholly_a_decimal_number_compares_as_one() {
    let text = |value| with(vec![text_leaf("n", value)]);
    let number = |literal| with(vec![number_leaf("n", literal)]);
    check(
        "metadata.n:[500 TO 599]",
        &[text("500"), text("503"), text("599"), text("5.03e2"), text("0503"), text("+503"), text("503.")],
        &[text("499"), text("600"), text("503 "), text(" 503"), text("503x"), text("HTTP 503"), text("")],
    );
    check("n>=404", &[text("404"), text("503"), number("404")], &[text("403"), text("-503"), text("x")]);
    check("n:>404", &[text("404.1"), text("1e3")], &[text("404"), text("404.0")]);
    check("n<0.5", &[text(".4"), text("-1.5"), text("-0"), text("007e-3")], &[text("0.5"), text("007")]);
    check("n<=0.5", &[text("0.5"), text(".50"), text("5e-1"), number("0.5")], &[text("0.51")]);
    check("n:{1 TO 2}", &[text("1.5")], &[text("1"), text("1.0"), text("2"), text("2e0")]);
    check("n:{1 TO 2]", &[text("2")], &[text("1")]);
    check("n:[1 TO 2}", &[text("1")], &[text("2")]);
    check("n>\"499\"", &[text("500"), number("500")], &[text("499")]);
    check("n:(>599, [1 TO 5])", &[text("600"), text("5")], &[text("503")]);
    check("n:[18446744073709551615 TO *]", &[text("18446744073709551615")], &[text("18446744073709551614")]);
    check("n>1e300", &[text("1e999"), number("1e999")], &[text("inf"), text("Infinity"), text("-1e999")]);
    // Both bounds must hold of one value.
    let two = with(vec![text_leaf("n", "1"), number_leaf("n", "9")]);
    check("n:[2 TO 8]", &[], from_ref(&two));
    check("n>=2 n<=8", from_ref(&two), &[]);
}

#[test]
fn a_text_that_is_a_decimal_number_in_part_is_above_and_below_nothing() {
    for value in [
        " 5",
        "5 ",
        "\t5",
        "5\n",
        "5x",
        "x5",
        "0x10",
        "1_000",
        "1,000",
        "1.2.3",
        "5%",
        "5ms",
        "--5",
        "+-5",
        "- 5",
        "5-",
        "1e",
        "e1",
        "1e+",
        "1e1.5",
        "1ee1",
        ".",
        "-",
        "+",
        ".e1",
        "-.",
        "",
        "nan",
        "NaN",
        "inf",
        "-inf",
        "+infinity",
        "٣",
        "５",
        "5\0",
        "−5",
        "1/2",
        "true",
        "2023-09-15",
        "10.0.0.1",
        "½",
    ] {
        let document = with(vec![text_leaf("n", value)]);
        for query in ["n>=-1e999", "n<=1e999", "n:[-1e999 TO 1e999]", "n:{-5 TO *]"] {
            assert!(!finds(query, &document), "{query} finds {value:?}");
            assert!(finds(&format!("-{query}"), &document), "-{query} leaves {value:?}");
        }
    }
}

#[test]
fn texts_equal_by_their_text_though_they_are_numbers() {
    let text = |value| with(vec![text_leaf("n", value)]);
    for operator in [":", "="] {
        check(&format!("n{operator}503"), &[text("503")], &[text("503.0"), text("0503"), text("+503")]);
        check(&format!("n{operator}007"), &[text("007")], &[text("7"), text("7.0")]);
        check(&format!("n{operator}\"1e3\""), &[text("1e3")], &[text("1000")]);
    }
    check("n:1E3", &[text("1e3")], &[text("1000")]);
    check("n!=503", &[text("503.0")], &[text("503")]);
    check("n:50*", &[text("503")], &[text("5.03e2")]);
    check("n=~/^5..$/", &[text("503")], &[text("5.03e2")]);
}

#[test]
fn the_fields_of_every_entry_stay_texts() {
    let resource = |id: &'static str| Document { resource_id: Some(id.into()), ..sample() };
    check("resourceId>=5", &[resource("50"), resource("7")], &[resource("10")]);
}

#[test]
fn any_element_of_an_array_and_any_spelling_of_a_path() {
    let tags = with(vec![text_leaf("tags", "a"), text_leaf("tags", "b"), text_leaf("k8s.pod.name", "db-0")]);
    check("tags:b", from_ref(&tags), &[sample()]);
    check("metadata.tags:(x, a)", from_ref(&tags), &[]);
    check("tags:a tags:b -tags:c", from_ref(&tags), &[]);
    for query in
        ["k8s.pod.name:db-0", "@k8s.pod.name:db-0", "\"metadata.k8s.pod.name\":db-0", "k8s:*", "k8s.pod:*"]
    {
        assert!(finds(query, &tags), "{query}");
    }
    check("k8s.po:*", &[], from_ref(&tags));
    check("k8s.pod:db-0", &[], from_ref(&tags));
    check("metadata:*", &[tags], &[entry("x")]);
    check("\"a b\":c", &[with(vec![text_leaf("a b", "c")])], &[sample()]);
}

#[test]
fn and_binds_tighter_than_or() {
    check("a b OR c", &[entry("a b"), entry("c")], &[entry("a"), entry("b")]);
    check("a OR b c", &[entry("a"), entry("b c")], &[entry("b"), entry("c")]);
    check("(a OR b) c", &[entry("a c"), entry("b c")], &[entry("a"), entry("c")]);
    check("NOT a b", &[entry("b")], &[entry("a b"), entry("x")]);
    check("a || b && !c", &[entry("a c"), entry("b")], &[entry("b c")]);
    check("a or b and not (c)", &[entry("a c"), entry("b")], &[entry("b c")]);
    check("not level:error", &[entry("x")], &[sample()]);
    check("not connected", &[entry("not yet connected")], &[entry("connected")]);
    check("--a", &[entry("a")], &[entry("b")]);
}

#[test]
fn aliases_name_the_same_fields() {
    for query in [
        "status:error",
        "severity:error",
        "log.level:error",
        "@level:error",
        "msg:failed",
        "body:failed",
        "_msg:failed",
        "service:server-1234",
        "trace_id:abc-xyz-123",
        "span_id:span-456",
        "time:2023-09-15",
        "_time:2023-09-15",
        "@timestamp:2023-09-15",
    ] {
        check(query, &[sample()], &[]);
    }
}

#[test]
fn what_engineers_paste_is_searched_for() {
    for text in [
        "connect to 10.0.0.1:8080",
        "GET https://example.com:8443/api/v1?a=b&c=d",
        "mail bob@example.com",
        "std::io::Error",
        "at 08:15:02 done",
        "[main] /var/log/syslog",
        "/healthz",
        "50% of 3,000 items - ok",
    ] {
        let query = text.replace(" - ", " ");
        assert!(finds(&query, &entry(text)), "{query}");
    }
    check("traceId:abc:def", &[Document { trace_id: Some("abc:def".into()), ..sample() }], &[sample()]);
    check("user_id=42", &[with(vec![number_leaf("user_id", "42")])], &[entry("user_id=42")]);
    check("path:/var/log", &[with(vec![text_leaf("path", "/var/log")])], &[]);
    check("path=/a/", &[with(vec![text_leaf("path", "/a/")])], &[with(vec![text_leaf("path", "bab")])]);
    check("url:https://x:80/y", &[with(vec![text_leaf("url", "https://x:80/y")])], &[]);
    check("level : error AND status >= warn", &[sample()], &[entry("x")]);
    check("+level:error +\"failed to\"", &[sample()], &[entry("failed to")]);
}
