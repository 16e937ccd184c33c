//! What a pattern on the raw message says about its tokens, as a query: the entries it leaves are read.

use std::sync::Arc;

use logpipeline_model::query::Prefilter;
use tantivy::Term;
use tantivy::query::{BooleanQuery, Query, TermQuery};
use tantivy::schema::IndexRecordOption;

use super::compile::Compiler;
use super::scan::TermTest;
use super::terms;

/// Each look through the dictionary costs as much as reading some thousands of entries.
const MOST_SCANS: usize = 8;

/// `None` where any entry may do.
pub(super) fn compile(compiler: &Compiler<'_>, prefilter: &Prefilter) -> Option<Box<dyn Query>> {
    Conditions { compiler, scans: MOST_SCANS }.all(prefilter)
}

struct Conditions<'a> {
    compiler: &'a Compiler<'a>,
    /// How many more looks through the dictionary are allowed.
    scans: usize,
}

impl Conditions<'_> {
    fn all(&mut self, prefilter: &Prefilter) -> Option<Box<dyn Query>> {
        let mut queries: Vec<Box<dyn Query>> =
            prefilter.tokens.iter().map(|token| self.compiler.phrase(std::slice::from_ref(token))).collect();
        let mut prefixes: Vec<_> = prefilter.prefixes.iter().collect();
        prefixes.sort_by_key(|prefix| std::cmp::Reverse(prefix.len()));
        for prefix in prefixes {
            if self.take_scan() {
                queries.push(self.compiler.scan_tokens(prefix, None));
            }
        }
        let mut fragments: Vec<_> = prefilter.fragments.iter().collect();
        fragments.sort_by_key(|fragment| std::cmp::Reverse(fragment.len()));
        for fragment in fragments {
            if self.take_scan() {
                queries.push(self.fragment(fragment));
            }
        }
        for group in &prefilter.any_of {
            let before = self.scans;
            let some: Option<Vec<_>> = group.iter().map(|one| self.all(one)).collect();
            match some {
                Some(some) => queries.push(Box::new(BooleanQuery::union(some))),
                None => self.scans = before,
            }
        }
        match queries.len() {
            0 => None,
            1 => queries.pop(),
            _ => Some(Box::new(BooleanQuery::intersection(queries))),
        }
    }

    fn take_scan(&mut self) -> bool {
        let left = self.scans.checked_sub(1);
        self.scans = left.unwrap_or(0);
        left.is_some()
    }

    fn fragment(&self, fragment: &str) -> Box<dyn Query> {
        let wanted = fragment.to_owned();
        let contains: TermTest =
            Arc::new(move |term| str::from_utf8(term).is_ok_and(|token| token.contains(&wanted)));
        let cut = Term::from_field_bytes(self.compiler.partition.fields.terms, terms::CUT_TOKEN);
        Box::new(BooleanQuery::union(vec![
            self.compiler.scan_tokens("", Some(contains)),
            Box::new(TermQuery::new(cut, IndexRecordOption::Basic)),
        ]))
    }
}
