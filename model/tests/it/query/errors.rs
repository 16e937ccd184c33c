//! What people are told when a query does not parse.

use expect_test::{Expect, expect};
use logpipeline_model::query::Query;

use super::support::{NOW, at};

#[expect(clippy::needless_pass_by_value, reason = "expect! makes values")]
fn check(query: &str, expected: Expect) {
    let error = Query::parse(query, at(NOW)).expect_err(query);
    let before = query[..error.span.start].chars().count();
    let marked = query[error.span.start..error.span.end].chars().count().max(1);
    let suggestion =
        error.suggestion.map(|suggestion| format!("\nsuggestion: {suggestion}")).unwrap_or_default();
    let caret = format!("{}{}", " ".repeat(before), "^".repeat(marked));
    expected.assert_eq(&format!("{query}\n{caret}\n{}\n{}{suggestion}", error.message, error.hint));
}

#[test]
fn quotes_and_parentheses_that_do_not_match() {
    check(
        r#"level:error "Failed to connect"#,
        expect![[r#"
        level:error "Failed to connect
                    ^^^^^^^^^^^^^^^^^^
        this quote is not closed
        add a " where the phrase ends; a quote inside is written \"
        suggestion: level:error "Failed to connect""#]],
    );
    check(
        "(level:error",
        expect![[r#"
        (level:error
        ^
        this `(` is not closed
        add a `)` where the group ends
        suggestion: (level:error)"#]],
    );
    check(
        "((a OR b) c",
        expect![[r#"
        ((a OR b) c
        ^
        this `(` is not closed
        add a `)` where the group ends
        suggestion: ((a OR b) c)"#]],
    );
    check(
        "level:error)",
        expect![[r#"
        level:error)
                   ^
        this `)` closes nothing
        remove it, or put the text in quotes to search for it
        suggestion: level:error"#]],
    );
    check(
        "a ()",
        expect![[r#"
        a ()
          ^^
        there is nothing between these parentheses
        remove them, or put the text in quotes to search for it
        suggestion: a"#]],
    );
    check(
        r#"("foo"#,
        expect![[r#"
        ("foo
         ^^^^
        this quote is not closed
        add a " where the phrase ends; a quote inside is written \"
        suggestion: ("foo")"#]],
    );
}

#[test]
fn operators_without_operands() {
    check(
        "AND level:error",
        expect![[r#"
        AND level:error
        ^^^
        `AND` has nothing before it
        remove it, or put the word in quotes to search for it
        suggestion: level:error"#]],
    );
    check(
        "level:error OR",
        expect![[r#"
        level:error OR
                    ^^
        `OR` has nothing after it
        remove it, or put it in quotes to search for it
        suggestion: level:error"#]],
    );
    check(
        "a AND OR b",
        expect![[r#"
        a AND OR b
              ^^
        `OR` cannot follow `AND`
        remove one of them, or put the word in quotes to search for it
        suggestion: a AND b"#]],
    );
    check(
        "a NOT",
        expect![[r#"
        a NOT
          ^^^
        `NOT` has nothing after it
        remove it, or put it in quotes to search for it
        suggestion: a"#]],
    );
    check(
        "a - b",
        expect![[r#"
        a - b
          ^
        this `-` stands alone
        write it directly before what is to be excluded, or put the text in quotes
        suggestion: a -b"#]],
    );
    check(
        "a -",
        expect![[r#"
        a -
          ^
        `-` has nothing after it
        remove it, or put it in quotes to search for it
        suggestion: a"#]],
    );
}

#[test]
fn fields_without_values() {
    check(
        "level:",
        expect![[r#"
        level:
        ^^^^^^
        `level:` has no value
        write a value after it; level:* finds entries that have the field
        suggestion: level:*"#]],
    );
    check(
        "level: AND x",
        expect![[r#"
        level: AND x
        ^^^^^^
        `level:` has no value
        write a value after it; level:* finds entries that have the field
        suggestion: level:* AND x"#]],
    );
    check(
        "level: resourceId:x",
        expect![[r#"
        level: resourceId:x
        ^^^^^^
        `level:` has no value
        write a value after it; level:* finds entries that have the field
        suggestion: level:* resourceId:x"#]],
    );
    check(
        "error:",
        expect![[r#"
        error:
        ^^^^^^
        `error:` has no value
        write a value after it; error:* finds entries that have the field
        suggestion: "error:""#]],
    );
    check(
        "error: connection refused",
        expect![[r#"
        error: connection refused
             ^^
        `error:` is followed by a space
        for the field, leave the space out; for the text, put it in quotes
        suggestion: error:connection refused"#]],
    );
    check(
        "level=~",
        expect![[r#"
        level=~
        ^^^^^^^
        `level=~` has no value
        write a value after it; level:* finds entries that have the field
        suggestion: level:*"#]],
    );
}

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

#[test]
fn lists() {
    check(
        "level:(error warn)",
        expect![[r#"
        level:(error warn)
                     ^
        a list of values needs a comma or OR between them
        write (error, warn) or (error OR warn); a value with spaces needs quotes
        suggestion: level:(error, warn)"#]],
    );
    check(
        "level:(error AND warn)",
        expect![[r#"
        level:(error AND warn)
                     ^^^
        `AND` cannot stand in a list of values
        a list finds any of its values; join clauses instead: level:… AND NOT level:…
        suggestion: (level:error AND level:warn)"#]],
    );
    check(
        "level:(NOT error)",
        expect![[r#"
        level:(NOT error)
               ^^^
        `NOT` cannot stand in a list of values
        a list finds any of its values; join clauses instead: level:… AND NOT level:…
        suggestion: NOT level:(error)"#]],
    );
    check(
        "level:(error, )",
        expect![[r#"
        level:(error, )
              ^^^^^^^^^
        a value is missing in this list
        separate values with a comma or OR, such as (error, warn)
        suggestion: level:(error)"#]],
    );
    check(
        "level:()",
        expect![[r#"
        level:()
              ^^
        a value is missing in this list
        separate values with a comma or OR, such as (error, warn)
        suggestion: level:*"#]],
    );
    check(
        "level:!error",
        expect![[r#"
        level:!error
              ^
        a negation stands before the field
        write -level:value
        suggestion: -level:error"#]],
    );
    check(
        "level=(error, warn)",
        expect![[r#"
        level=(error, warn)
              ^
        a list can only follow a colon
        write field:(a, b), or -field:(a, b) for none of them
        suggestion: level:(error, warn)"#]],
    );
    check(
        "level:error, warn",
        expect![[r#"
        level:error, warn
                   ^
        a comma follows the value
        values separated by commas stand in parentheses: level:(error, warn); a comma of the value itself needs quotes
        suggestion: level:(error, warn)"#]],
    );
    check(
        "user=bob, action=login",
        expect![[r#"
        user=bob, action=login
                ^
        a comma follows the value
        values separated by commas stand in parentheses: level:(error, warn); a comma of the value itself needs quotes
        suggestion: user=bob action=login"#]],
    );
}

#[test]
fn regular_expressions() {
    check(
        r#"/timeout after \d+ms"#,
        expect![[r#"
        /timeout after \d+ms
        ^^^^^^^^^^^^^^^^^^^^
        this regular expression is not closed
        add a / where it ends, or put the text in quotes if it is a path
        suggestion: /timeout after \d+ms/"#]],
    );
    check(
        "/error/g",
        expect![[r#"
        /error/g
               ^
        unknown flag `g` after a regular expression
        the only flag is i; for a path that begins with a slash, use quotes
        suggestion: /error/"#]],
    );
    check(
        r#"message=~"pan.*ic""#,
        expect![[r#"
        message=~"pan.*ic"
                 ^^^^^^^^^
        a regular expression stands between slashes
        write field=~/expression/
        suggestion: message=~/pan.*ic/"#]],
    );
    check(
        "/foo(/",
        expect![[r#"
        /foo(/
            ^
        invalid regular expression: unclosed group
        the syntax is like RE2's; a \ before a special character takes it as it is
        suggestion: /foo\(/"#]],
    );
    check(
        "/*a/",
        expect![[r#"
        /*a/
         ^
        invalid regular expression: repetition operator missing expression
        the syntax is like RE2's; a \ before a special character takes it as it is
        suggestion: /\*a/"#]],
    );
    check(
        "/x(?=y)/",
        expect![[r#"
        /x(?=y)/
          ^^^
        look-around is not supported in regular expressions
        match the text around as well, or exclude entries with a clause of its own: -/…/"#]],
    );
    check(
        "/x (?<!y)z/",
        expect![[r#"
        /x (?<!y)z/
           ^^^^
        look-around is not supported in regular expressions
        match the text around as well, or exclude entries with a clause of its own: -/…/"#]],
    );
    check(
        r#"/(a)\1/"#,
        expect![[r#"
        /(a)\1/
            ^^
        back-references are not supported in regular expressions
        write the repeated part out"#]],
    );
    check(
        r#"/\bfoo\B/"#,
        expect![[r#"
        /\bfoo\B/
         ^^
        word boundaries (`\b`) are not supported in regular expressions
        words and phrases match whole words already; in an expression, write (^|\W) or (\W|$)
        suggestion: /foo/"#]],
    );
    check(
        "/a{5000}/",
        expect![[r#"
        /a{5000}/
          ^^^^^^
        a repetition of 5000 is more than 1000
        use a lower count, or + for any number"#]],
    );
    check(
        r#"/(\w{500}){500}/"#,
        expect![[r#"
        /(\w{500}){500}/
         ^^^^^^^^^^^^^^
        the regular expression is too large once its repetitions are written out
        use lower counts in {…}, or . in place of a large class such as \p{L}"#]],
    );
    check(
        "/(?-u)x/",
        expect![[r#"
        /(?-u)x/
            ^
        the flag `u` is not supported
        the flags are i, m, s, U and x"#]],
    );
    check(
        "/[z-a]/",
        expect![[r#"
        /[z-a]/
          ^^^
        invalid regular expression: invalid character class range, the start must be <= the end
        the syntax is like RE2's; a \ before a special character takes it as it is"#]],
    );
    check(
        "//",
        expect![[r#"
        //
         ^
        the regular expression is empty
        put an expression between the slashes"#]],
    );
}

#[test]
fn what_other_languages_have() {
    check(
        "level==error",
        expect![[r#"
        level==error
             ^^
        `==` is not an operator
        the operators are : = != > >= < <= =~ and !~
        suggestion: level=error"#]],
    );
    check(
        "level=>warn",
        expect![[r#"
        level=>warn
             ^^
        `=>` is not an operator
        the operators are : = != > >= < <= =~ and !~
        suggestion: level>=warn"#]],
    );
    check(
        "level<>error",
        expect![[r#"
        level<>error
             ^^
        `<>` is not an operator
        the operators are : = != > >= < <= =~ and !~
        suggestion: level!=error"#]],
    );
    check(
        "level:error | stats count",
        expect![[r#"
        level:error | stats count
                    ^
        a single `|` joins nothing
        write OR between clauses; in place of |= "text" write "text", other pipes are not part of the language
        suggestion: level:error"#]],
    );
    check(
        r#"{app="foo"} |= "bar""#,
        expect![[r#"
        {app="foo"} |= "bar"
        ^
        braces stand only around the bounds of a range
        write field:value; in place of a selector {app="x"}, app="x"
        suggestion: app="foo" "bar""#]],
    );
    check(
        r#"{app="foo"} != "bar""#,
        expect![[r#"
        {app="foo"} != "bar"
        ^
        braces stand only around the bounds of a range
        write field:value; in place of a selector {app="x"}, app="x"
        suggestion: app="foo" -"bar""#]],
    );
    check(
        r#"{"level":"error","message":"x"}"#,
        expect![[r#"
        {"level":"error","message":"x"}
        ^
        braces stand only around the bounds of a range
        write field:value; in place of a selector {app="x"}, app="x"
        suggestion: "level":"error" "message":"x""#]],
    );
    check(
        r#""foo bar"~5"#,
        expect![[r#"
        "foo bar"~5
                 ^
        `~` follows without a space
        proximity (~) and boosts (^) are not part of the language
        suggestion: "foo bar""#]],
    );
    check(
        "_exists_:foo",
        expect![[r#"
        _exists_:foo
        ^^^^^^^^^^^^
        `_exists_` is not a field
        field:* finds entries that have the field, -field:* those that do not
        suggestion: foo:*"#]],
    );
    check(
        "metadata.*:foo",
        expect![[r#"
        metadata.*:foo
        ^^^^^^^^^^
        the name of a field cannot hold *
        name one field, or search messages by leaving the name out
        suggestion: foo"#]],
    );
    check(
        "foo & bar",
        expect![[r#"
        foo & bar
            ^
        a single `&` joins nothing
        write AND between clauses, or only a space
        suggestion: foo AND bar"#]],
    );
}

#[test]
fn what_is_pasted() {
    check(
        "main.connect()",
        expect![[r#"
        main.connect()
                    ^
        a `(` follows without a space
        add a space, or put the text in quotes to search for it
        suggestion: "main.connect()""#]],
    );
    check(
        "at com.foo.Bar.baz(Bar.java:12) failed",
        expect![[r#"
        at com.foo.Bar.baz(Bar.java:12) failed
                          ^
        a `(` follows without a space
        add a space, or put the text in quotes to search for it
        suggestion: at "com.foo.Bar.baz(Bar.java:12)" failed"#]],
    );
    check(
        "“Failed to connect”",
        expect![[r#"
        “Failed to connect”
        ^
        curly quotes do not delimit a phrase
        use straight ones: "
        suggestion: "Failed to connect""#]],
    );
    check(
        "expected <nil>",
        expect![[r#"
        expected <nil>
                 ^
        `<` has no field before it
        write field>value, or put the text in quotes to search for it
        suggestion: expected "<nil>""#]],
    );
    check(
        r#""foo"bar"#,
        expect![[r#"
        "foo"bar
             ^
        `b` follows without a space
        add a space; a quote inside a phrase is written \"
        suggestion: "foo" bar"#]],
    );
    check(
        r#"foo"bar""#,
        expect![[r#"
        foo"bar"
           ^
        a quote follows without a space
        add a space, or put the text in quotes to search for it
        suggestion: foo "bar""#]],
    );
    check(
        r#""""#,
        expect![[r#"
        ""
        ^^
        the phrase is empty
        remove it; message="" finds entries with an empty message"#]],
    );
}
