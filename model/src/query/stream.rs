//! Which stream a query asks for.

use super::{Clause, Expr, Field, Query, Test};
use crate::dead_letter;

impl Query {
    /// Takes the term `stream:dead-letters` out, where every entry that the query finds must have it: where it is the whole query, or
    /// one of those that AND joins at its top. Whether it was there. Elsewhere it is a term like any other.
    pub fn take_dead_letters(&mut self) -> bool {
        match &mut self.expr {
            Expr::Clause(clause) if asks(clause) => self.expr = Expr::All,
            Expr::And(parts) => {
                let count = parts.len();
                parts.retain(|part| !matches!(part, Expr::Clause(clause) if asks(clause)));
                if parts.len() == count {
                    return false;
                }
                match parts.len() {
                    0 => self.expr = Expr::All,
                    1 => self.expr = parts.remove(0),
                    _ => {}
                }
            }
            _ => return false,
        }
        true
    }
}

fn asks(clause: &Clause) -> bool {
    matches!(&clause.field, Field::Metadata(path) if path == "stream")
        && matches!(&clause.test, Test::Equals { text, .. } if text == dead_letter::STREAM)
}

#[cfg(test)]
mod tests {
    use crate::query::Query;

    fn taken(text: &str) -> Option<Query> {
        let mut query = parsed(text);
        query.take_dead_letters().then_some(query)
    }

    fn parsed(text: &str) -> Query {
        Query::parse(text, "2026-11-30T00:00:00Z".parse().unwrap()).unwrap()
    }

    /// Queries that mean the same, wherever their clauses stand.
    #[track_caller]
    fn check(text: &str, rest: &str) {
        let found = taken(text).unwrap_or_else(|| panic!("{text} asks for dead letters"));
        assert_eq!(found.to_string(), parsed(rest).to_string(), "{text}");
    }

    #[test]
    fn the_term_is_taken_where_all_that_is_found_must_have_it() {
        check("stream:dead-letters", "");
        check("metadata.stream:dead-letters", "");
        check("stream:Dead-Letters", "");
        check("stream=\"dead-letters\"", "");
        check("(stream:dead-letters)", "");
        check("stream:dead-letters stream:dead-letters", "");
        check("stream:dead-letters level:error", "level:error");
        check("timeout AND stream:dead-letters AND -level:info", "timeout -level:info");
        check("(a OR b) stream:dead-letters", "a OR b");
        check("a (b stream:dead-letters)", "a b");
    }

    #[test]
    fn elsewhere_it_is_a_term_like_any_other() {
        for text in [
            "",
            "a",
            "dead-letters",
            "-stream:dead-letters",
            "stream:dead-letters OR a",
            "a (b OR stream:dead-letters)",
            "stream:dead*",
            "stream:other",
            "x.stream:dead-letters",
            "stream:(dead-letters OR other)",
        ] {
            assert_eq!(taken(text), None, "{text}");
        }
    }
}
