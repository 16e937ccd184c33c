//! Regular expressions as the language allows them.

use regex::{Regex, RegexBuilder};
use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{self, Assertion, AssertionKind, Ast, ClassPerlKind, ErrorKind, Flag, FlagsItemKind};
use regex_syntax::hir::translate::Translator;
use serde::Serialize;

use super::prefilter::Prefilter;
use super::{QueryError, Span};

/// A regular expression may take this many bytes between its slashes.
pub const PATTERN_LIMIT: usize = 1_000;
/// The counts of a repetition such as `{2,10}` may be no higher.
pub const REPEAT_LIMIT: u32 = 1_000;
/// A compiled regular expression may take this many bytes.
const COMPILED_LIMIT: usize = 1 << 20;
const NEST_LIMIT: u32 = 50;

/// A validated regular expression. Its `normalised` form has ASCII `\w \d \s` and the flags written out,
/// and means the same to the `regex` crate as the query does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pattern {
    source: String,
    ignore_case: bool,
    normalised: String,
}

impl Pattern {
    /// Validates an expression; `ignore_case` is the flag `i` behind its closing slash. It finds its
    /// match anywhere in a text. Look-around, back-references and word boundaries are refused, as is what is
    /// too large. The error's span counts the bytes of `source`, and its suggestion replaces the whole of it.
    pub fn parse(source: &str, ignore_case: bool) -> Result<Self, QueryError> {
        let whole = Span { start: 0, end: source.len() };
        if source.is_empty() {
            return Err(refuse(
                "the regular expression is empty",
                whole,
                "put an expression between the slashes",
            ));
        }
        if source.len() > PATTERN_LIMIT {
            let message = format!("the regular expression is longer than {PATTERN_LIMIT} bytes");
            return Err(refuse(message, whole, "use a shorter one, or several joined with OR"));
        }
        let ast = ParserBuilder::new()
            .nest_limit(NEST_LIMIT)
            .build()
            .parse(source)
            .map_err(|error| explain(source, &error))?;
        Translator::new().translate(source, &ast).map_err(|error| {
            refuse(format!("invalid regular expression: {}", error.kind()), span(error.span()), SYNTAX_HINT)
        })?;
        let rewrites = ast::visit(&ast, Rewriter { source, rewrites: Vec::new() })?;
        let mut normalised = String::from(if ignore_case { "(?i)" } else { "" });
        let mut at = 0;
        for (span, replacement) in rewrites {
            normalised.push_str(&source[at..span.start]);
            normalised.push_str(&replacement);
            at = span.end;
        }
        normalised.push_str(&source[at..]);
        let pattern = Self { source: escape_slashes(source), ignore_case, normalised };
        pattern.regex().map_err(|_| {
            let message = "the regular expression is too large once its repetitions are written out";
            refuse(message, whole, "use lower counts in {…}, or . in place of a large class such as \\p{L}")
        })?;
        Ok(pattern)
    }

    /// The expression as it stands in the query, between the slashes.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the flag `i` stands behind the closing slash; the flags inside are in the source.
    pub fn ignore_case(&self) -> bool {
        self.ignore_case
    }

    /// The expression in the syntax of the `regex` crate.
    pub fn normalised(&self) -> &str {
        &self.normalised
    }

    /// The expression compiled. Fails only when it is too large, which [`Self::parse`] has ruled out.
    pub fn regex(&self) -> Result<Regex, regex::Error> {
        RegexBuilder::new(&self.normalised).size_limit(COMPILED_LIMIT).nest_limit(NEST_LIMIT + 2).build()
    }

    /// What the tokens of every text in which the expression is found have in common.
    pub fn prefilter(&self) -> Prefilter {
        Prefilter::of_regex(&self.normalised)
    }
}

const SYNTAX_HINT: &str = "the syntax is like RE2's; a \\ before a special character takes it as it is";

fn refuse(message: impl Into<String>, span: Span, hint: &str) -> QueryError {
    QueryError { message: message.into(), span, hint: hint.to_owned(), suggestion: None }
}

fn span(span: &ast::Span) -> Span {
    Span { start: span.start.offset, end: span.end.offset }
}

fn explain(source: &str, error: &ast::Error) -> QueryError {
    let span = span(error.span());
    match error.kind() {
        ErrorKind::UnsupportedLookAround => refuse(
            "look-around is not supported in regular expressions",
            span,
            "match the text around as well, or exclude entries with a clause of its own: -/…/",
        ),
        ErrorKind::UnsupportedBackreference => refuse(
            "back-references are not supported in regular expressions",
            span,
            "write the repeated part out",
        ),
        ErrorKind::NestLimitExceeded(limit) => refuse(
            format!("the regular expression is nested deeper than {limit} levels"),
            span,
            "use fewer groups inside each other",
        ),
        kind => {
            let mut error = refuse(format!("invalid regular expression: {kind}"), span, SYNTAX_HINT);
            let (before, after) = source.split_at(span.start);
            if after.starts_with(['*', '+', '?', '(', ')', '[', '{']) {
                error.suggestion = Some(format!("{before}\\{after}"));
            }
            error
        }
    }
}

fn escape_slashes(source: &str) -> String {
    let mut escaped = String::with_capacity(source.len());
    let mut backslash = false;
    for character in source.chars() {
        if character == '/' && !backslash {
            escaped.push('\\');
        }
        backslash = character == '\\' && !backslash;
        escaped.push(character);
    }
    escaped
}

/// Finds what must be written otherwise, and refuses what the language does not have.
struct Rewriter<'a> {
    source: &'a str,
    rewrites: Vec<(Span, String)>,
}

impl Rewriter<'_> {
    fn flags(&self, flags: &ast::Flags) -> Result<(), QueryError> {
        for item in &flags.items {
            let (FlagsItemKind::Flag(Flag::Unicode) | FlagsItemKind::Flag(Flag::CRLF)) = &item.kind else {
                continue;
            };
            let span = span(&item.span);
            let message = format!("the flag `{}` is not supported", &self.source[span.start..span.end]);
            return Err(refuse(message, span, "the flags are i, m, s, U and x"));
        }
        Ok(())
    }

    fn assertion(&self, assertion: &Assertion) -> Result<(), QueryError> {
        use AssertionKind::{EndLine, EndText, StartLine, StartText};
        if matches!(assertion.kind, StartLine | EndLine | StartText | EndText) {
            return Ok(());
        }
        let span = span(&assertion.span);
        let text = &self.source[span.start..span.end];
        let mut error = refuse(
            format!("word boundaries (`{text}`) are not supported in regular expressions"),
            span,
            "words and phrases match whole words already; in an expression, write (^|\\W) or (\\W|$)",
        );
        error.suggestion = Some(format!("{}{}", &self.source[..span.start], &self.source[span.end..]));
        Err(error)
    }

    fn repetition(&self, repetition: &ast::Repetition) -> Result<(), QueryError> {
        use ast::RepetitionRange::{AtLeast, Bounded, Exactly};
        let ast::RepetitionKind::Range(range) = &repetition.op.kind else { return Ok(()) };
        let (Exactly(count) | AtLeast(count) | Bounded(_, count)) = range;
        if *count <= REPEAT_LIMIT {
            return Ok(());
        }
        let message = format!("a repetition of {count} is more than {REPEAT_LIMIT}");
        Err(refuse(message, span(&repetition.op.span), "use a lower count, or + for any number"))
    }
}

impl ast::Visitor for Rewriter<'_> {
    type Output = Vec<(Span, String)>;
    type Err = QueryError;

    fn finish(self) -> Result<Self::Output, QueryError> {
        Ok(self.rewrites)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), QueryError> {
        match ast {
            Ast::Flags(set) => self.flags(&set.flags),
            Ast::Group(group) => group.flags().map_or(Ok(()), |flags| self.flags(flags)),
            Ast::Assertion(assertion) => self.assertion(assertion),
            Ast::Repetition(repetition) => self.repetition(repetition),
            Ast::ClassPerl(class) => {
                let ascii = ascii_class(class);
                // Without regard to case, a Unicode class of letters would take in ſ and the Kelvin sign.
                let replacement = match class.kind {
                    ClassPerlKind::Word => format!("(?-i:[{ascii}])"),
                    ClassPerlKind::Digit | ClassPerlKind::Space => format!("[{ascii}]"),
                };
                self.rewrites.push((span(&class.span), replacement));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn visit_class_set_item_pre(&mut self, item: &ast::ClassSetItem) -> Result<(), QueryError> {
        if let ast::ClassSetItem::Perl(class) = item {
            self.rewrites.push((span(&class.span), ascii_class(class)));
        }
        Ok(())
    }
}

fn ascii_class(class: &ast::ClassPerl) -> String {
    let name = match class.kind {
        ClassPerlKind::Digit => "digit",
        ClassPerlKind::Space => "space",
        ClassPerlKind::Word => "word",
    };
    format!("[:{}{name}:]", if class.negated { "^" } else { "" })
}
