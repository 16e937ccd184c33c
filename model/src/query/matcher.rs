//! The plain matcher: which documents a query finds, without an index.

mod clause;
mod prepared;

use self::clause::CompiledClause;
use self::prepared::Prepared;
use super::{Expr, Query};
use crate::Document;

/// A query made ready to test documents one by one: regular expressions are compiled, phrases and
/// substrings searched in linear time. A message is split into tokens at most once a document.
#[derive(Debug)]
pub struct Matcher {
    root: Node,
}

#[derive(Debug)]
enum Node {
    All,
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Clause(Box<CompiledClause>),
}

impl Matcher {
    pub fn new(query: &Query) -> Self {
        Self { root: Node::new(&query.expr) }
    }

    pub fn matches(&self, document: &Document<'_>) -> bool {
        self.root.matches(&Prepared::new(document))
    }
}

impl Node {
    fn new(expr: &Expr) -> Self {
        match expr {
            Expr::All => Self::All,
            Expr::And(parts) => Self::And(parts.iter().map(Self::new).collect()),
            Expr::Or(parts) => Self::Or(parts.iter().map(Self::new).collect()),
            Expr::Not(part) => Self::Not(Box::new(Self::new(part))),
            Expr::Clause(clause) => Self::Clause(Box::new(CompiledClause::new(clause))),
        }
    }

    fn matches(&self, document: &Prepared<'_>) -> bool {
        match self {
            Self::All => true,
            Self::And(parts) => parts.iter().all(|part| part.matches(document)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(document)),
            Self::Not(part) => !part.matches(document),
            Self::Clause(clause) => clause.matches(document),
        }
    }
}
