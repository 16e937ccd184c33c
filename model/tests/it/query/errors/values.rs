//! Values that a field does not take.

use expect_test::expect;

use super::check;

#[test]
fn values_that_a_field_does_not_take() {
    check(
        "level>=eror",
        expect![[r#"
        level>=eror
               ^^^^
        `eror` is not a known level
        the known levels, in their order, are trace, debug, info, warn, error and fatal
        suggestion: level>=error"#]],
    );
    check(
        "level:[low TO high]",
        expect![[r#"
        level:[low TO high]
               ^^^
        `low` is not a known level
        the known levels, in their order, are trace, debug, info, warn, error and fatal"#]],
    );
    check(
        "message>5",
        expect![[r#"
        message>5
        ^^^^^^^^^
        messages are not ordered
        search for words, a "phrase" or a /regular expression/; for a field, use its name
        suggestion: "message>5""#]],
    );
    check(
        "metadata:foo",
        expect![[r#"
        metadata:foo
        ^^^^^^^^
        metadata is not a value
        name a key of it, such as metadata.host:db-1; metadata:* finds entries that have any"#]],
    );
    check(
        "timestamp:2023-09*",
        expect![[r#"
        timestamp:2023-09*
                  ^^^^^^^^
        times are not matched by patterns
        write the beginning of a time, such as 2023-09-15 for the whole day, or a range
        suggestion: timestamp:2023-09"#]],
    );
    check(
        "timestamp:/2023/",
        expect![[r#"
        timestamp:/2023/
        ^^^^^^^^^^^^^^^^
        times are not matched by patterns
        write the beginning of a time, such as 2023-09-15 for the whole day, or a range"#]],
    );
    check(
        r#""":x"#,
        expect![[r#"
        "":x
        ^^
        the name of a field is empty
        put a name between the quotes, such as "http.status":500"#]],
    );
}

#[test]
fn times() {
    check(
        "2023-09-15T08:00:00Z ERROR",
        expect![[r#"
        2023-09-15T08:00:00Z ERROR
        ^^^^^^^^^^^^^^^^^^^^
        a time needs the field that it belongs to
        write timestamp:… to find entries of that time, or quotes to search messages for it
        suggestion: timestamp:2023-09-15T08:00:00Z ERROR"#]],
    );
    check(
        "timestamp:yesterday",
        expect![[r#"
        timestamp:yesterday
                  ^^^^^^^^^
        `yesterday` is not a time
        write now-1d/d for the day before, in UTC
        suggestion: timestamp:now-1d/d"#]],
    );
    check(
        "timestamp:5m",
        expect![[r#"
        timestamp:5m
                  ^^
        `5m` is not a time
        write RFC 3339 such as 2023-09-15T08:00:00Z, a beginning of it such as 2023-09-15, or now-15m
        suggestion: timestamp>=now-5m"#]],
    );
    check(
        "timestamp>1694764800",
        expect![[r#"
        timestamp>1694764800
                  ^^^^^^^^^^
        `1694764800` is not a time
        numbers are not read as times; write the time itself
        suggestion: timestamp>2023-09-15T08:00:00Z"#]],
    );
    check(
        "timestamp>now-15min",
        expect![[r#"
        timestamp>now-15min
                        ^^^
        `min` is not a unit of time
        units are ms, s, m (minutes), h, d, w, M (months) and y
        suggestion: timestamp>now-15m"#]],
    );
    check(
        "timestamp>now-5",
        expect![[r#"
        timestamp>now-5
                       ^
        a unit of time is missing
        units are ms, s, m (minutes), h, d, w, M (months) and y"#]],
    );
    check(
        "timestamp>2023-02-30",
        expect![[r#"
        timestamp>2023-02-30
                  ^^^^^^^^^^
        `2023-02-30` is not a time
        write RFC 3339 such as 2023-09-15T08:00:00Z, a beginning of it such as 2023-09-15, or now-15m"#]],
    );
    check(
        "timestamp>now - 15m x",
        expect![[r#"
        timestamp>now - 15m x
                  ^^^^^^^^^
        a space splits this time
        write it without spaces, such as now-15m
        suggestion: timestamp>now-15m x"#]],
    );
    check(
        "timestamp:[2023-09-10 08:00:00 TO now]",
        expect![[r#"
        timestamp:[2023-09-10 08:00:00 TO now]
                              ^
        a range needs TO between its bounds
        write [lower TO upper]; { and } leave the bound itself out, * is an open bound
        suggestion: timestamp:["2023-09-10 08:00:00" TO now]"#]],
    );
}

#[test]
fn ranges() {
    check(
        "n:[500,599]",
        expect![[r#"
        n:[500,599]
                  ^
        a range needs TO between its bounds
        write [lower TO upper]; { and } leave the bound itself out, * is an open bound
        suggestion: n:[500 TO 599]"#]],
    );
    check(
        "n:[500-599]",
        expect![[r#"
        n:[500-599]
                  ^
        a range needs TO between its bounds
        write [lower TO upper]; { and } leave the bound itself out, * is an open bound
        suggestion: n:[500 TO 599]"#]],
    );
    check(
        "n:[500 TO 599",
        expect![[r#"
        n:[500 TO 599
          ^
        this range is not closed
        add ] to include the upper bound or } to leave it out
        suggestion: n:[500 TO 599]"#]],
    );
    check(
        "n:[5 TO ]",
        expect![[r#"
        n:[5 TO ]
                ^
        a bound of this range is missing
        write [lower TO upper]; * is an open bound
        suggestion: n:[5 TO *]"#]],
    );
    check(
        "n:[1* TO 5]",
        expect![[r#"
        n:[1* TO 5]
           ^^
        a bound cannot hold wildcards
        write the bound out, or put it in quotes if it holds * or ? itself
        suggestion: n:["1*" TO 5]"#]],
    );
    check(
        "n:[",
        expect![[r#"
        n:[
          ^
        this range is not closed
        write [lower TO upper]
        suggestion: n:*"#]],
    );
}
