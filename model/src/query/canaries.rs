//! Entries by which a pipeline tests itself, which nobody looks for.

use super::{Clause, Expr, Field, Query, Span, Test};
use crate::CANARY_RESOURCE;

impl Query {
    /// Leaves canaries out of what the query finds, unless it names their resource.
    pub fn leave_out_canaries(&mut self) {
        if names(&self.expr) {
            return;
        }
        let test = Test::Equals { text: CANARY_RESOURCE.to_owned(), fold: false, number: None };
        let canary = Expr::Clause(Clause { field: Field::ResourceId, test, span: Span { start: 0, end: 0 } });
        let others = Expr::Not(Box::new(canary));
        self.expr = match std::mem::replace(&mut self.expr, Expr::All) {
            Expr::All => others,
            Expr::And(mut parts) => {
                parts.push(others);
                Expr::And(parts)
            }
            expr => Expr::And(vec![expr, others]),
        };
    }
}

fn names(expr: &Expr) -> bool {
    match expr {
        Expr::All => false,
        Expr::And(parts) | Expr::Or(parts) => parts.iter().any(names),
        Expr::Not(part) => names(part),
        Expr::Clause(Clause { field: Field::ResourceId, test: Test::Equals { text, .. }, .. }) => {
            text.eq_ignore_ascii_case(CANARY_RESOURCE)
        }
        Expr::Clause(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::query::Query;

    fn left(text: &str) -> String {
        let mut query = Query::parse(text, "2026-11-30T08:00:00Z".parse().unwrap()).unwrap();
        query.leave_out_canaries();
        query.to_string()
    }

    fn parsed(text: &str) -> String {
        Query::parse(text, "2026-11-30T08:00:00Z".parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn canaries_are_left_out_of_any_query_that_does_not_name_them() {
        let none = "-resourceId=logpipeline-canary";
        assert_eq!(left(""), parsed(none));
        assert_eq!(left("level:error"), parsed(&format!("level:error {none}")));
        assert_eq!(left("a b"), parsed(&format!("a b {none}")));
        assert_eq!(left("a OR b"), parsed(&format!("(a OR b) {none}")));
        assert_eq!(left("-a"), parsed(&format!("-a {none}")));
    }

    #[test]
    fn a_query_that_names_them_stays_as_it_is() {
        for text in [
            "resourceId:logpipeline-canary",
            "resourceId=logpipeline-canary level:trace",
            "a OR -resourceId:logpipeline-canary",
        ] {
            assert_eq!(left(text), parsed(text));
        }
    }
}
