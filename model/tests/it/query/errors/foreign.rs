//! Regular expressions, and what people bring from elsewhere.

use expect_test::expect;

use super::check;

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
