use super::*;

/// The lines of a body: number and text, or number and reason.
fn split(body: &str) -> Vec<(u64, Result<&str, String>)> {
    lines(body.as_bytes(), &Limits::default())
        .map(|line| {
            let json =
                line.json.map(|json| str::from_utf8(json).unwrap()).map_err(|rejection| rejection.reason);
            (line.number, json)
        })
        .collect()
}

#[track_caller]
fn check(body: &str, expected: &[(u64, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(number, json)| (*number, Ok(*json))).collect();
    assert_eq!(split(body), expected, "{body:?}");
}

#[test]
fn an_object_is_one_line() {
    check(r#"{"message":"a"}"#, &[(1, r#"{"message":"a"}"#)]);
    check(" {\"message\":\"a\"} \n", &[(1, r#"{"message":"a"}"#)]);
    check("{}", &[(1, "{}")]);
}

#[test]
fn an_object_over_several_lines_is_one_line() {
    let object = "{\n  \"message\": \"}\\\"{\",\n  \"metadata\": {\n    \"a\": [1, 2]\n  }\n}";
    check(object, &[(1, object)]);
    check(&format!("\r\n{object}\r\n\n"), &[(2, object)]);
    check("{\"message\":\n\"a\"}", &[(1, "{\"message\":\n\"a\"}")]);
}

#[test]
fn objects_over_several_lines_may_follow_each_other() {
    let (one, two) = ("{\n\"message\": \"a\"\n}", "{\n\"message\": \"b\"\n}");
    check(&format!("{one}\n{two}\n"), &[(1, one), (4, two)]);
    check(&format!("{one}{two}{{}}"), &[(1, one), (3, two), (5, "{}")]);
    check(&format!("{one}\ngarbage\n{two}"), &[(1, one), (4, "garbage"), (5, two)]);
}

#[test]
fn a_broken_object_over_several_lines_is_rejected_once() {
    let broken = "{\n  \"message\": oops,\n  \"metadata\": {}\n}";
    check(broken, &[(1, broken)]);
    let lines = split("{\n  \"message\": \"a\",\n  \"metadata\": {\n}\n");
    assert_eq!(
        lines,
        [(
            1,
            Err("the object that begins at byte offset 0 of the body is not closed; within it, the JSON ends at byte offset 38, where ',' or '}' was expected".to_owned())
        )]
    );
}

#[test]
fn an_arrays_elements_are_numbered_from_1() {
    check(r#"[{"message":"a"},{"message":"b"}]"#, &[(1, r#"{"message":"a"}"#), (2, r#"{"message":"b"}"#)]);
    check(
        "\n[\n  {\"message\": \"],[\"} ,\n\r\n  {\"a\": [[]]}\n]\n",
        &[(1, r#"{"message": "],["}"#), (2, r#"{"a": [[]]}"#)],
    );
    check(r#"[1,"a",[{}],null]"#, &[(1, "1"), (2, r#""a""#), (3, "[{}]"), (4, "null")]);
}

#[test]
fn an_empty_array_and_an_empty_body_have_no_lines() {
    for body in ["[]", " [ \n ] ", "", "\n\r\n  \n", "\u{feff}", "\u{feff}[]\n"] {
        check(body, &[]);
    }
}

#[test]
fn a_broken_element_leaves_the_others() {
    check(
        r#"[{"message":"a"},{"message":oops},{"message":"b"}]"#,
        &[(1, r#"{"message":"a"}"#), (2, r#"{"message":oops}"#), (3, r#"{"message":"b"}"#)],
    );
    check("[{\"message\":\"a\nb\"},{}]", &[(1, "{\"message\":\"a\nb\"}"), (2, "{}")]);
    check("[{}}},{}]", &[(1, "{}}}"), (2, "{}")]);
    check("[{} {},{}]", &[(1, "{} {}"), (2, "{}")]);
    check("[{},,{},]", &[(1, "{}"), (2, ""), (3, "{}"), (4, "")]);
    check("[,]", &[(1, ""), (2, "")]);
}

#[test]
fn an_element_without_an_end_is_rejected_with_its_place_and_those_before_it_are_taken() {
    for (body, place) in [
        (r#"[{"message":"a"}, {"message":"b""#, "the element that begins at byte offset 18 of the body"),
        (r#"[{"message":"a"}, {"message":"b}]"#, "the element that begins at byte offset 18 of the body"),
        (r#"[{"message":"a"}, {"message":"b",{"message":"c"}]"#, "the element that begins at byte offset 18"),
        (r#"[{"message":"a"}, ["#, "the element that begins at byte offset 18 of the body"),
        (r#"[{"message":"a"},"#, "the array is not closed"),
    ] {
        let lines = split(body);
        assert_eq!(lines[0], (1, Ok(r#"{"message":"a"}"#)), "{body}");
        let [(2, Err(reason))] = &lines[1..] else { panic!("{lines:?}") };
        assert!(reason.starts_with(place), "{reason}");
    }
    let lines = split(r#"[{"message":"a"},{"message":"b"} "#);
    assert_eq!(lines[1], (2, Ok(r#"{"message":"b"}"#)));
    assert!(matches!(&lines[2..], [(3, Err(reason))] if reason.starts_with("the array is not closed")));
    assert!(matches!(&split("[")[..], [(1, Err(_))]));
}

#[test]
fn what_follows_an_array_goes_by_lines() {
    check("[{}]\n{}\n\n{}", &[(1, "{}"), (3, "{}"), (5, "{}")]);
    check("[{},{}] x", &[(1, "{}"), (2, "{}"), (3, " x")]);
}

#[test]
fn ndjson_is_numbered_by_line_and_blank_lines_are_skipped() {
    check(
        "{\"message\":\"a\"}\n\n  \r\n{\"message\":\"b\"}\r\n{\"message\":\"c\"}",
        &[(1, r#"{"message":"a"}"#), (4, r#"{"message":"b"}"#), (5, r#"{"message":"c"}"#)],
    );
    check("\n\n{}\n{}", &[(3, "{}"), (4, "{}")]);
    check("{}\n{}\n", &[(1, "{}"), (2, "{}")]);
}

#[test]
fn a_broken_line_of_ndjson_leaves_the_others() {
    for broken in [
        "garbage",
        r#"{"message":"a""#,
        r#"{"message":"a"#,
        r#"{"message":"#,
        r#"{"message":"a","#,
        r#"{"message":"a"}}"#,
        r#"{"a":{"message":"a"}"#,
        r#"{"a":[[[[[[""#,
        "1",
        "null",
        r#""text""#,
        "}",
    ] {
        let good = r#"{"message":"b"}"#;
        check(&format!("{broken}\n{good}\n{good}\n"), &[(1, broken), (2, good), (3, good)]);
        check(&format!("{good}\n{broken}\n{good}\n"), &[(1, good), (2, broken), (3, good)]);
        check(&format!("{good}\n{broken}"), &[(1, good), (2, broken)]);
    }
}

#[test]
fn objects_on_one_line_are_taken_one_by_one_under_numbers_of_their_own() {
    check(
        "{\"a\":1}{\"b\":2} {\"c\":3}\n{}\n\n\n{}",
        &[(1, "{\"a\":1}"), (2, "{\"b\":2}"), (3, "{\"c\":3}"), (4, "{}"), (5, "{}")],
    );
    let in_a_string = r#"{"message":"}{"}"#;
    check(in_a_string, &[(1, in_a_string)]);
    check(&format!("{in_a_string}{in_a_string}"), &[(1, in_a_string), (2, in_a_string)]);
    for garbage in ["{}{", "{} {} x", "{}{}}", "x {}{}"] {
        check(garbage, &[(1, garbage)]);
    }
}

#[test]
fn a_byte_order_mark_is_skipped() {
    check("\u{feff}{}\n{}", &[(1, "{}"), (2, "{}")]);
    check("\u{feff}[{}]", &[(1, "{}")]);
}

#[test]
fn numbers_grow_whatever_comes() {
    for body in
        ["{}{}\n{}{}\n[{}]\n{}", "[{},{}]{}{}\n{}{}", "{\n}{}{}\n{}{}", "[[[,,,]],\n\n{}\n]\n\n{}{}{}{}"]
    {
        let numbers: Vec<u64> = split(body).into_iter().map(|(number, _)| number).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{body:?} {numbers:?}");
    }
}

#[test]
fn a_million_levels_are_split_on_a_small_stack() {
    let split_all = || {
        for open in ["[", "{\"a\":", "{\"a\":\n", "[\n{\"a\":"] {
            let body = open.repeat(1_000_000);
            assert!(lines(body.as_bytes(), &Limits::default()).count() >= 1);
        }
    };
    std::thread::Builder::new().stack_size(256 << 10).spawn(split_all).unwrap().join().unwrap();
}
