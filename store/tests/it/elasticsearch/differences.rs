//! What engines do otherwise than the language says, and how it is the same for all of them in the end.

use std::time::Duration;

use logpipeline_model::query::{Field, TimeRange, text};
use logpipeline_store::{
    Histogram, HistogramRequest, NewEntry, Order, SearchRequest, StoreError, ValuesRequest,
};
use serde_json::{Value, json};

use super::{Site, on_each};
use crate::engines::{Engine, Subject, on_every_engine};
use crate::ground::{entry, find, messages, query, request};

/// Each found by its message, in the order of what they are numbered.
fn entries(all: impl IntoIterator<Item = Value>) -> Vec<NewEntry> {
    (1..).zip(all).map(|(number, fields)| entry(number, fields)).collect()
}

async fn expect(store: &Subject, expected: &[(&str, &[&str])]) {
    for (text, messages) in expected {
        let mut found = find(&**store, text).await;
        found.reverse();
        assert_eq!(found, *messages, "{text}");
    }
}

on_every_engine! {
    async fn an_alternative_beside_a_condition_is_not_optional(engine: Engine) {
        let store = engine.open();
        store.put(entries([
            json!({"message": "a b"}), json!({"message": "a c"}), json!({"message": "a"}), json!({"message": "b"}),
        ])).await;
        expect(&store, &[
            ("a (b OR c)", &["a b", "a c"]),
            ("a AND (b OR c)", &["a b", "a c"]),
            ("-a (b OR c)", &["b"]),
            ("a -(b OR c)", &["a"]),
        ]).await;
    }

    async fn a_value_of_any_length_exists(engine: Engine) {
        let store = engine.open();
        let long = |length: usize| json!({
            "message": format!("{length}"), "resourceId": "v".repeat(length), "level": "l".repeat(length),
            "metadata": {"k": "v".repeat(length)},
        });
        store.put(entries([8_191, 8_192, 8_193, 32_766, 32_767, 200_000].map(long))).await;
        let all: &[&str] = &["8191", "8192", "8193", "32766", "32767", "200000"];
        let cut = format!("resourceId={}", "v".repeat(8_192));
        expect(&store, &[
            ("resourceId:*", all), ("level:*", all), ("metadata.k:*", all), ("metadata:*", all),
            ("-resourceId:*", &[]), ("-metadata.k:*", &[]), ("resourceId:vvv*", all), ("metadata.k:*vvv", all),
            (&cut, &all[1..]), (&cut.replace("resourceId", "metadata.k"), &all[1..]),
            (&cut.replace('=', ":"), &all[1..]),
        ]).await;
    }

    async fn dates_in_json_stay_strings(engine: Engine) {
        let store = engine.open();
        store.put(entries([
            json!({"message": "date", "metadata": {"d": "2023-09-15T08:00:00Z"}}),
            json!({"message": "day", "metadata": {"d": "2023/09/15"}}),
            json!({"message": "text", "metadata": {"d": "tomorrow"}}),
            json!({"message": "number", "metadata": {"d": 1_694_764_800}}),
        ])).await;
        expect(&store, &[
            ("metadata.d:*", &["date", "day", "text", "number"]),
            ("metadata.d:\"2023-09-15T08:00:00Z\"", &["date"]),
            ("metadata.d:\"2023-09-15T08:00:00.000Z\"", &[]),
            ("metadata.d:\"2023-09-15\"", &[]),
            ("metadata.d:2023*", &["date", "day"]),
            ("metadata.d>1", &["number"]),
        ]).await;
    }

    async fn numbers_are_typed_and_never_refused(engine: Engine) {
        let store = engine.open();
        let value = |message: &str, value: Value| json!({"message": message, "metadata": {"n": value}});
        store.put(entries([
            value("number", json!(500)), value("text", json!("500")), value("decimal", json!(500.5)),
            value("boolean", json!(true)), value("object", json!({"deep": 500})), value("array", json!([1, "500", 501])),
            value("largest", json!(u64::MAX)), value("word", json!("x")), value("empty", json!("")),
        ])).await;
        expect(&store, &[
            ("metadata.n:500", &["number", "text", "array"]),
            ("metadata.n:500.0", &["number"]),
            ("metadata.n:\"500\"", &["number", "text", "array"]),
            ("metadata.n>=500", &["number", "text", "decimal", "array", "largest"]),
            ("metadata.n:{500 TO 501]", &["decimal", "array"]),
            ("metadata.n>18446744073709551614", &["largest"]),
            ("metadata.n>18446744073709551615", &[]),
            ("metadata.n:true", &["boolean"]),
            ("metadata.n.deep:500", &["object"]),
            ("-metadata.n:*", &[]),
        ]).await;
        let huge = entry(10, json!({"message": "huge", "metadata": {"n": "1e999"}}));
        let body = String::from_utf8(huge.body.to_vec()).unwrap().replace("\"1e999\"", "1e999");
        store.put(vec![NewEntry { body: body.into(), ..huge }]).await;
        let page = store.search(request("metadata.n>18446744073709551615")).await.unwrap();
        assert_eq!(page.total, Some(1));
    }

    async fn texts_that_are_numbers_compare_as_numbers_and_equal_as_texts(engine: Engine) {
        let store = engine.open();
        let values = [
            "503", "503.0", "+503", "0503", "5.03e2", "-1.5", "1e3", "007", " 5", "5x", "0x10", "٣", "",
            "18446744073709551615",
        ];
        store.put(entries(
            values.map(|value| json!({"message": value, "metadata": {"http": {"status": value}}}))
                .into_iter()
                .chain([json!({"message": "bare", "metadata": {"http": {"status": 503}}})]),
        )).await;
        expect(&store, &[
            ("http.status:[500 TO 599]", &["503", "503.0", "+503", "0503", "5.03e2", "bare"]),
            ("http.status:[503 TO 503]", &["503", "503.0", "+503", "0503", "5.03e2", "bare"]),
            ("http.status:{503 TO *]", &["1e3", "18446744073709551615"]),
            ("http.status:[* TO 503}", &["-1.5", "007"]),
            ("http.status>=404 http.status<1000", &["503", "503.0", "+503", "0503", "5.03e2", "bare"]),
            ("http.status<0.5", &["-1.5"]),
            ("http.status>18446744073709551614", &["18446744073709551615"]),
            ("http.status:503", &["503", "bare"]),
            ("http.status=503", &["503", "bare"]),
            ("http.status:\"503.0\"", &["503.0"]),
            ("http.status:503.0", &["503.0", "bare"]),
            ("http.status:7", &[]),
            ("-http.status>-1e999", &[" 5", "5x", "0x10", "٣", ""]),
        ]).await;
    }

    async fn no_key_or_value_is_too_long_to_be_stored(engine: Engine) {
        let store = engine.open();
        let (value, key) = ("é".repeat(50_000), "k".repeat(40_000));
        let all = entries([json!({
            "message": value, "resourceId": value, "traceId": value, "spanId": value, "commit": value, "level": value,
            "metadata": {"a": value, (&*key): value, "b": [value, 1]},
        })]);
        store.put(all.clone()).await;
        assert_eq!(store.get(all[0].id).await.unwrap().unwrap().body, all[0].body);
        for text in ["traceId:*", "metadata.a:éé*", "metadata.b:1", "metadata:*", "commit:É*", "é*"] {
            assert_eq!(store.search(request(text)).await.unwrap().total, Some(1), "{text}");
        }
    }

    async fn metadata_that_the_servers_parsers_refuse_is_stored_and_found(engine: Engine) {
        let store = engine.open();
        let (zeros, key) = ("0".repeat(1_200), "k".repeat(70_000));
        let escaped = "\\u00e9".repeat(70_000);
        let of = |(number, value): (u64, &str)| {
            let entry = entry(number, json!({"message": format!("m{number}"), "metadata": "here"}));
            let body = String::from_utf8(entry.body.to_vec()).unwrap().replace("\"here\"", value);
            NewEntry { body: body.into(), ..entry }
        };
        let all = [
            format!(r#"{{"n":500.{zeros}}}"#),
            format!(r#"{{"n":[1,{{"deep":-5{zeros}}}]}}"#),
            format!(r#"{{"n":1e{zeros}9}}"#),
            format!(r#"{{"{key}":{{"n":1}},"n":2}}"#),
            format!(r#"{{"n":{{"{escaped}":[]}},"a":3}}"#),
            format!(r#"{{"{key}":{zeros}1,"original":"o"}}"#),
        ];
        // Numbers of JSON do not begin with zeros.
        let all = all.map(|metadata| metadata.replace(":000", ":1000"));
        let all: Vec<_> = (1..).zip(&all).map(|(number, metadata)| of((number, metadata))).collect();
        store.put(all.clone()).await;
        for one in &all {
            assert_eq!(store.get(one.id).await.unwrap().unwrap().body, one.body);
        }
        expect(&store, &[
            ("metadata:*", &["m1", "m2", "m3", "m4", "m5", "m6"]), ("metadata.n:500", &["m1"]),
            ("metadata.n>=500", &["m1", "m3"]), ("metadata.n:[1 TO 2]", &["m2", "m4"]),
            ("metadata.n.deep<-1e300", &["m2"]), ("metadata.a:3", &["m5"]), ("metadata.original:o", &["m6"]),
        ]).await;
    }

    async fn more_than_ten_thousand_are_counted_and_read(engine: Engine) {
        let store = engine.open();
        let all: Vec<_> = (0..10_050).map(|n| entry(n, json!({"message": format!("m{n} x")}))).collect();
        store.put(all).await;
        for text in ["x", "/x$/"] {
            let page = store.search(SearchRequest { limit: 20_000, ..request(text) }).await.unwrap();
            assert_eq!(page.total, Some(10_050), "{text}");
            assert!(page.more || page.entries.len() == 10_050);
            let (mut after, mut seen) = (page.entries.last().map(|entry| entry.position), page.entries.len());
            while let Some(last) = after {
                let page = store.search(SearchRequest { after, limit: 400, ..request(text) }).await.unwrap();
                assert_eq!(page.total, Some(10_050), "{text}");
                assert!(page.entries.iter().all(|entry| entry.position < last));
                after = page.entries.last().map(|entry| entry.position);
                seen += page.entries.len();
            }
            assert_eq!(seen, 10_050, "{text}");
        }
    }

    async fn a_phrase_with_an_open_end_is_counted_by_time_and_value_beyond_any_cap(engine: Engine) {
        let store = engine.open();
        let one = |n: u64| json!({"message": format!("sent to user{n}"), "level": "info", "commit": "c"});
        store.put(entries((0..3_000).map(one))).await;
        let text = "\"to user\"* level:info";
        let histogram = HistogramRequest {
            query: query(text), range: TimeRange::ALL, interval: Duration::from_secs(60), deadline: None,
        };
        let Histogram { buckets, partial } = store.histogram(histogram).await.unwrap();
        assert_eq!((buckets.len(), buckets[0].total, partial), (1, 3_000, false));
        let values = ValuesRequest {
            query: query(text), range: TimeRange::ALL, field: Field::Commit, prefix: String::new(), limit: 1,
            deadline: None,
        };
        let values = store.values(values).await.unwrap();
        assert_eq!((values.values, values.with_field), (vec![("c".to_owned(), 3_000)], 3_000));
    }

    async fn case_is_folded_character_by_character(engine: Engine) {
        let store = engine.open();
        let of = |message: &str, value: &str| json!({
            "message": message, "resourceId": value, "metadata": {"k": value},
        });
        store.put(entries([
            of("İSTANBUL", "İ"), of("istanbul", "i"), of("i\u{307}stanbul", "i\u{307}"), of("STRASSE", "SS"),
            of("straße", "ß"), of("STRAẞE", "ẞ"), of("ΟΔΟΣ", "Σ"), of("οδος", "ς"),
        ])).await;
        let i: &[&str] = &["İSTANBUL", "istanbul"];
        expect(&store, &[
            ("istanbul", i), ("İstanbul", i), ("istan*", i), ("\"i\u{307}stanbul\"", &["i\u{307}stanbul"]),
            ("resourceId:i", i), ("resourceId:İ", i), ("resourceId=İ", &["İSTANBUL"]), ("metadata.k:İ", i),
            ("metadata.k:i*", &["İSTANBUL", "istanbul", "i\u{307}stanbul"]),
            ("strasse", &["STRASSE"]), ("straße", &["straße", "STRAẞE"]), ("metadata.k:ß", &["straße", "STRAẞE"]),
            ("οδοσ", &["ΟΔΟΣ"]), ("resourceId:σ", &["ΟΔΟΣ"]), ("resourceId:ς", &["οδος"]),
        ]).await;
    }

    async fn brackets_may_be_deeper_than_engines_take(engine: Engine) {
        let store = engine.open();
        store.put(entries([json!({"message": "a"}), json!({"message": "b"}), json!({"message": "z"})])).await;
        let deep = (0..20).fold("z".to_owned(), |inner, n| {
            if n % 2 == 0 { format!("(b AND -({inner}))") } else { format!("(a OR -({inner}))") }
        });
        let found = |message: &str| {
            (0..20).fold(message == "z", |inner, n| if n % 2 == 0 { message == "b" && !inner } else { message == "a" || !inner })
        };
        let expected: Vec<_> = ["z", "b", "a"].into_iter().filter(|message| found(message)).collect();
        assert_eq!(find(&*store, &deep).await, expected);
        assert!((1..3).contains(&expected.len()), "{expected:?}");
    }

    async fn a_list_may_have_more_clauses_than_engines_take(engine: Engine) {
        let store = engine.open();
        let one = |n: u64| json!({
            "message": format!("w{n}"), "resourceId": format!("R{n}"), "metadata": {"k": format!("K{n}")},
        });
        store.put(entries((0..2_000).map(one))).await;
        for (field, value) in [("resourceId", "r"), ("metadata.k", "k"), ("message", "w")] {
            let list: Vec<_> = (0..1_020).map(|n| format!("{value}{}", n * 2)).collect();
            let text = format!("{field}:({}) timestamp>2001 -message:w4", list.join(", "));
            let page = store.search(request(&text)).await.unwrap();
            assert_eq!((page.total, page.partial), (Some(999), false), "{field}");
        }
    }

    async fn messages_that_begin_with_nul_are_found_by_patterns(engine: Engine) {
        let store = engine.open();
        store.put(entries([
            json!({"message": "\0 start x"}), json!({"message": "x"}), json!({"message": "\0"}), json!({"message": ""}),
        ])).await;
        let nul: &[&str] = &["\0 start x", "\0"];
        expect(&store, &[
            ("/x$/", &["\0 start x", "x"]), ("/^\\x00/", nul), ("-/^\\x00/", &["x", ""]),
            ("/^$/", &[""]), ("message:\" start x\"", &["\0 start x"]), ("/./", &["\0 start x", "x", "\0"]),
        ]).await;
    }

    async fn nul_and_nothing_in_any_order_leave_nothing_behind_for_other_messages(engine: Engine) {
        let store = engine.open();
        let all = ["ab", "", "\0\0", "ab", "a\0\0b", "", "\0", "b\0", "", "abc", "\0\0\0a", "ab"];
        for (number, message) in (1..).zip(all) {
            store.put(vec![entry(number, json!({"message": message}))]).await;
        }
        expect(&store, &[
            ("/^ab$/", &["ab", "ab", "ab"]), ("/b$/", &["ab", "ab", "a\0\0b", "ab"]), ("/^$/", &["", "", ""]),
            ("/^abc$/", &["abc"]), ("/\\x00a/", &["\0\0\0a"]),
        ]).await;
    }

    async fn bounds_may_be_longer_than_engines_take(engine: Engine) {
        let store = engine.open();
        let long = |end: &str| format!("{}{end}", "v".repeat(2_000));
        let of = |message: &str, end: &str| json!({
            "message": format!("{message} {}", "\u{10428}".repeat(255)), "resourceId": long(end),
            "metadata": {(&*"v".repeat(1_020)): if message == "a" { 1 } else { 2 }},
        });
        store.put(entries([of("a", "a"), of("c", "c")])).await;
        let ids = async |text: &str| store.search(request(text)).await.unwrap().total;
        for (text, expected) in [
            (format!("resourceId>{}", long("b")), 1), (format!("resourceId:[{} TO *]", long("a")), 2),
            (format!("resourceId:{}*", "v".repeat(990)), 2), (format!("-resourceId>{}", long("b")), 1),
            (format!("\"c {}\"*", "\u{10428}".repeat(254)), 1), (format!("message:{}*", "\u{10428}".repeat(254)), 2),
            (format!("metadata.{}>1", "v".repeat(1_020)), 1),
        ] {
            assert_eq!(ids(&text).await, Some(expected), "{}", text.chars().take(40).collect::<String>());
        }
    }

    async fn messages_of_any_length_are_stored_and_found_by_patterns(engine: Engine) {
        let store = engine.open();
        let of = |fill: &str, count: usize| json!({"message": format!("begin {}end{count}", fill.repeat(count))});
        let all = [("x ", 5_000), ("x ", 5_460), ("é ", 5_470), ("日 ", 5_000), ("日 ", 9_000), ("x ", 30_000), ("😀 ", 300_000 / 5)];
        store.put(entries(all.map(|(fill, count)| of(fill, count)))).await;
        for (text, expected) in [
            ("/^begin .* end\\d+$/", 7), ("/END/i", 7), ("/日 end/", 2), ("/end5000$/", 2), ("/end30000$/", 1),
            ("-/ end5/", 3), ("message:\"😀 \"", 1), ("message:*n?end*", 0), ("message:\"begin x\" /end30000/", 1),
        ] {
            assert_eq!(store.search(request(text)).await.unwrap().total, Some(expected), "{text}");
        }
        let exact = of("x ", 30_000)["message"].as_str().unwrap().to_owned();
        assert_eq!(store.search(request(&format!("message=\"{exact}\""))).await.unwrap().total, Some(1));
    }

    async fn tokens_are_cut_at_characters_beyond_the_basic_plane_too(engine: Engine) {
        let store = engine.open();
        let of = |count: usize, end: &str| format!("{}{end}", "\u{10400}".repeat(count));
        let all = [of(100, ""), of(200, ""), of(200, "x"), of(255, ""), of(256, ""), of(300, "end x")];
        store.put(entries(all.iter().map(|message| json!({"message": message})))).await;
        let folded = |count: usize| "\u{10428}".repeat(count);
        let [_, of_200, of_200_x, of_255, of_256, of_300] = all.each_ref().map(String::as_str);
        expect(&store, &[
            (&folded(200), &[of_200]), (&format!("{}x", folded(200)), &[of_200_x]),
            (&format!("{}*", folded(150)), &[of_200, of_200_x, of_255, of_256, of_300]),
            (&folded(255), &[of_255, of_256, of_300]), (&folded(300), &[of_255, of_256, of_300]),
            ("x", &[of_300]), (&format!("-{}", folded(255)), &[&all[0], of_200, of_200_x]),
        ]).await;
    }

    async fn characters_newer_than_the_servers_tables_are_found(engine: Engine) {
        let store = engine.open();
        // Of Unicode 11, 15, 15.1 and 16, and of 14 with two cases.
        let all = ["\u{1c90}\u{1c91}", "\u{1e030}", "\u{2ebf0}x", "\u{10d50}", "\u{2c2f}"];
        store.put(entries(all.map(|text| json!({"message": text, "resourceId": text})))).await;
        for text in all {
            for form in [text.to_owned(), text::fold(text)] {
                let words: Vec<_> = text::tokens(text).map(|token| token.raw).collect();
                if words == [text] {
                    expect(&store, &[(&form, &[text]), (&format!("{form}*"), &[text])]).await;
                }
                expect(&store, &[(&format!("resourceId:\"{form}\""), &[text])]).await;
            }
        }
        assert_eq!(find(&*store, "x").await, Vec::<String>::new());
    }

    async fn a_pattern_too_complex_for_engines_is_tested_by_reading(engine: Engine) {
        let store = engine.open();
        let ends = |end: &str| json!({
            "message": format!("{end}{}", "b".repeat(17)), "resourceId": format!("{end}{}", "b".repeat(17)),
            "metadata": {"k": format!("{end}{}", "b".repeat(17))},
        });
        store.put(entries([ends("a"), ends("b")])).await;
        for field in ["message", "resourceId", "metadata.k"] {
            let text = format!("{field}=~/^[ab]*a[ab]{{17}}$/");
            assert_eq!(find(&*store, &text).await, [format!("a{}", "b".repeat(17))], "{text}");
            assert_eq!(find(&*store, &format!("-{text}")).await, [format!("b{}", "b".repeat(17))], "{text}");
        }
    }

    async fn the_twenty_that_must_work(engine: Engine) {
        let store = engine.open();
        let one = |message: &str, level: &str, service: &str, fields: Value| {
            let mut entry = json!({"message": message, "level": level, "resourceId": service});
            entry.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            entry
        };
        store.put(entries([
            one("Failed to connect to DB", "error", "server-1234", json!({
                "traceId": "abc-xyz-123", "spanId": "span-456", "commit": "5e5342f",
                "metadata": {"parentResourceId": "server-0987"},
            })),
            one("connection refused by peer", "warn", "server-12345", json!({"commit": "5e5342fa", "spanId": "s"})),
            one("Timeout after 30ms", "error", "db-1", json!({"metadata": {"http": {"status": 503}}})),
            one("PANIC: payments OOM", "fatal", "server-7", json!({"timestamp": "2023-09-16T00:00:00Z"})),
            one("checkout done", "info", "web", json!({"timestamp": "2023-09-15T08:50:00Z", "traceId": "ABC-xyz-123"})),
            one("payments trace", "debug", "web", json!({"spanId": "t", "traceId": "t"})),
        ])).await;
        let (failed, refused, timeout) =
            ("Failed to connect to DB", "connection refused by peer", "Timeout after 30ms");
        let (panic, checkout, debug) = ("PANIC: payments OOM", "checkout done", "payments trace");
        for (text, expected) in [
            ("level:error", &[failed, timeout][..]),
            ("message:\"Failed to connect\"", &[failed]),
            ("resourceId:server-1234", &[failed]),
            ("timestamp:[2023-09-10T00:00:00Z TO 2023-09-15T23:59:59Z]", &[failed, refused, timeout, checkout, debug]),
            ("level:error resourceId:server-1234", &[failed]),
            ("level:(error OR warn) resourceId:server-*", &[failed, refused]),
            ("level:(error, fatal) -message:timeout", &[failed, panic]),
            ("failed connect db", &[failed]),
            ("message:\"connection refused\"*", &[refused]),
            ("/timeout after \\d+ms/", &[]),
            ("/Timeout after \\d+ms/", &[timeout]),
            ("message=~/(?i)panic|oom/", &[panic]),
            ("metadata.parentResourceId:server-0987", &[failed]),
            ("traceId=abc-xyz-123", &[failed]),
            ("commit:5e5342f*", &[failed, refused]),
            ("timestamp>now-15m level>=warn", &[panic]),
            ("spanId:* -traceId:*", &[refused]),
            ("NOT level:debug AND (payments OR checkout)", &[panic, checkout]),
            ("status:error service:server-1234", &[failed]),
            ("metadata.http.status:[500 TO 599]", &[timeout]),
            ("-level:info -level:debug", &[failed, refused, timeout, panic]),
        ] {
            let page = store.search(SearchRequest { order: Order::Asc, ..request(text) }).await.unwrap();
            let (mut found, mut expected) = (messages(&page), expected.to_vec());
            found.sort();
            expected.sort_unstable();
            assert_eq!(found, expected, "{text}");
        }
    }

    async fn too_many_buckets_are_an_error_that_says_what_to_do(engine: Engine) {
        let store = engine.open();
        let start = crate::ground::at("2023-09-15T00:00:00Z");
        let one = |n: u64| {
            let time = start.saturating_add(Duration::from_secs(n));
            entry(n, json!({"message": "m", "timestamp": time.to_string()}))
        };
        store.put((0..100_100).map(one).collect()).await;
        for (text, interval) in [("", Duration::from_secs(1)), ("/m/", Duration::from_millis(1))] {
            let ask = HistogramRequest { query: query(text), range: TimeRange::ALL, interval, deadline: None };
            let error = store.histogram(ask).await.unwrap_err();
            assert!(
                matches!(&error, StoreError::Unsupported { reason } if reason.contains("take a longer interval")),
                "{error}"
            );
        }
    }
}

on_each! {
    async fn every_character_but_new_ones_is_the_same_to_the_servers(engine: Engine) {
        let site = Site::new(engine).await;
        let store = site.store();
        crate::ground::store_all(&store, vec![entry(1, json!({"message": "m"}))]).await;
        let index = site.stored().await.remove(0).1;
        let known = regex::Regex::new(r"\A\p{age=10.0}\z").unwrap();
        let all: Vec<char> = ('\u{1}'..=char::MAX).filter(|one| known.is_match(&one.to_string())).collect();
        assert!(all.len() > 130_000, "{}", all.len());
        let mut compared = 0;
        for chunk in all.chunks(9_000) {
            let words: Vec<_> = chunk.iter().map(char::to_string).collect();
            let analyse = async |field: &str, text: Value| -> Vec<String> {
                let body = json!({"field": field, "text": text});
                let answer = site.call("POST", &format!("/{index}/_analyze"), body).await;
                let tokens = answer["tokens"].as_array().unwrap();
                tokens.iter().map(|token| token["token"].as_str().unwrap().to_owned()).collect()
            };
            let text = words.join(" ");
            let expected: Vec<_> = text::tokens(&text).map(|token| token.folded().into_owned()).collect();
            assert_eq!(analyse("message", json!(text)).await, expected);
            let expected: Vec<_> = words.iter().map(|word| text::fold(word)).collect();
            assert_eq!(analyse("resourceId.folded", json!(words)).await, expected);
            compared += words.len();
        }
        assert_eq!(compared, all.len());
    }
}
