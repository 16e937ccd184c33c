use super::*;

#[test]
fn unknown_keys_move_under_metadata_in_their_order() {
    assert_eq!(
        metadata(r#""host":"a","pid":7,"tags":["x"],"k8s":{"pod":null}"#),
        r#"{"host":"a","pid":7,"tags":["x"],"k8s":{"pod":null}}"#
    );
    assert_eq!(metadata(r#""b":1,"metadata":{"a":2},"c":3"#), r#"{"a":2,"b":1,"c":3}"#);
    assert_eq!(metadata(r#""b":1,"metadata":{ },"c":3"#), r#"{ "b":1,"c":3}"#);
    assert_eq!(metadata(r#""q\"\u00e9":1"#), "{\"q\\\"é\":1}");
}

#[test]
fn what_the_ingestor_adds_cannot_be_sent() {
    assert_eq!(
        metadata(r#""id":"mine","receivedAt":"2020-01-01T00:00:00Z","truncated":["message"]"#),
        r#"{"id":"mine","receivedAt":"2020-01-01T00:00:00Z","truncated":["message"]}"#
    );
}

#[test]
fn a_moved_key_that_is_taken_gets_underscores() {
    assert_eq!(metadata(r#""a":1,"metadata":{"a":0}"#), r#"{"a":0,"a_":1}"#);
    assert_eq!(metadata(r#""a":1,"metadata":{"a":0,"a_":0,"a__":0}"#), r#"{"a":0,"a_":0,"a__":0,"a___":1}"#);
    assert_eq!(metadata(r#""a":1,"metadata":{"\u0061":0}"#), r#"{"\u0061":0,"a_":1}"#);
    // A key that is free keeps its name.
    assert_eq!(metadata(r#""a":1,"a_":2,"metadata":{"a":0}"#), r#"{"a":0,"a__":1,"a_":2}"#);
    assert_eq!(
        metadata(r#""b_":1,"b":2,"a":3,"metadata":{"a":0,"b":0,"b_":0,"b___":0}"#),
        r#"{"a":0,"b":0,"b_":0,"b___":0,"b____":1,"b__":2,"a_":3}"#
    );
    // Only keys directly below metadata count.
    assert_eq!(metadata(r#""a":1,"metadata":{"x":{"a":0}}"#), r#"{"x":{"a":0},"a":1}"#);
}

#[test]
fn of_an_unknown_key_given_twice_the_last_wins() {
    assert_eq!(metadata(r#""a":1,"b":2,"\u0061":3"#), r#"{"b":2,"a":3}"#);
}

#[test]
fn metadata_that_is_no_object_becomes_its_value() {
    for value in [r#""text""#, "1e999", "true", "[1,{\"a\":2}]"] {
        assert_eq!(metadata(&format!(r#""metadata":{value}"#)), format!(r#"{{"value":{value}}}"#));
    }
    assert_eq!(metadata(r#""metadata":7,"value":8"#), r#"{"value":7,"value_":8}"#);
    assert_eq!(stored_with(r#""metadata":null"#), "");
    assert_eq!(metadata(r#""metadata":null,"value":8"#), r#"{"value":8}"#);
    assert_eq!(metadata(r#""metadata":{}"#), "{}");
}

#[test]
fn of_equal_keys_inside_metadata_the_last_wins() {
    assert_eq!(metadata(r#""metadata":{"a":1,"b":[{"c":1,"c":2}],"a":3}"#), r#"{"b":[{"c":2}],"a":3}"#);
    assert_eq!(metadata(r#""metadata":{"a":1,"\u0061":2}"#), r#"{"a":2}"#);
    assert_eq!(
        metadata(r#""x":{"a":1,"a":2},"metadata":[{"a":1,"a":2}]"#),
        r#"{"value":[{"a":2}],"x":{"a":2}}"#
    );
    let many: String = (0..100).map(|n| format!(r#""k{n}":{n},"#)).collect();
    let sent = format!(r#""metadata":{{"k50":"first",{many}"last":0}}"#);
    assert_eq!(metadata(&sent), format!(r#"{{{many}"last":0}}"#));
    assert_eq!(
        metadata(r#""metadata":{"a":{"b":1},"b":{"a":1},"c":[{"a":1},{"a":1}]}"#),
        r#"{"a":{"b":1},"b":{"a":1},"c":[{"a":1},{"a":1}]}"#
    );
}

#[test]
fn numbers_stay_as_they_were_written() {
    let numbers = r#"{"a":18446744073709551616,"b":1e999,"c":-0.0,"d":0.1000,"e":1E+2,"f":123456789012345678901234567890.5}"#;
    assert_eq!(metadata(&format!(r#""metadata":{numbers}"#)), numbers);
    assert_eq!(metadata(r#""metadata":{"n":1e999,"n":-1E-999}"#), r#"{"n":-1E-999}"#);
}

#[test]
fn halves_of_surrogate_pairs_in_metadata_are_replaced() {
    assert_eq!(metadata(r#""metadata":{"a":"\ud800","b":1.0}"#), "{\"a\":\"\u{fffd}\",\"b\":1.0}");
    assert_eq!(metadata(r#""metadata":{"\udfff":1,"\ud800":2}"#), "{\"\u{fffd}\":2}");
    assert_eq!(metadata(r#""a\ud800":"\ud800""#), "{\"a\u{fffd}\":\"\u{fffd}\"}");
}

#[test]
fn escaped_nul_is_kept() {
    assert_eq!(metadata(r#""metadata":{"a":"\u0000"}"#), r#"{"a":"\u0000"}"#);
}

#[test]
fn line_breaks_between_tokens_go_and_other_white_space_stays() {
    assert_eq!(metadata(r#""metadata":{"a": [1, 2],	"b":3}"#), r#"{"a": [1, 2],	"b":3}"#);
    assert_eq!(
        metadata("\"metadata\":{\n  \"a\": [1,\r\n 2],\n  \"b\": \"x y\"\n}"),
        r#"{"a":[1,2],"b":"x y"}"#
    );
    assert_eq!(metadata("\"x\":[\n1\r]"), r#"{"x":[1]}"#);
}
