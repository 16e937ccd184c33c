//! Quotes, parentheses, operators and lists.

use expect_test::expect;

use super::check;

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
