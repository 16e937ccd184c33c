//! Queries that begin with "-", told from flags.

use std::ffi::OsString;

/// Stands for the "-" of a negated clause while the command line is read; no query has it.
const MARK: char = '\u{10fffe}';

/// Marks arguments such as `-level:info` as part of the query. Behind "--" everything is.
pub(crate) fn mark(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut only_words = false;
    let marked = args.map(|arg| {
        only_words |= arg == "--";
        match arg.to_str().and_then(|text| text.strip_prefix('-')) {
            Some(rest) if !only_words && is_negated(rest) => format!("{MARK}{rest}").into(),
            _ => arg,
        }
    });
    marked.collect()
}

/// The argument as it was given.
pub(crate) fn unmark(word: &str) -> String {
    match word.strip_prefix(MARK) {
        Some(rest) => format!("-{rest}"),
        None => word.to_owned(),
    }
}

/// Whether a field and an operator, or something that no flag begins with, follows the "-".
fn is_negated(rest: &str) -> bool {
    let Some(first) = rest.chars().next() else { return false };
    if first == '-' {
        return false;
    }
    let end = rest.find(|c: char| !c.is_alphanumeric() && !"_-./$@".contains(c)).unwrap_or(rest.len());
    let (name, operator) = rest.split_at(end);
    match operator.chars().next() {
        _ if !first.is_alphanumeric() => true,
        // Short flags may be joined and take their value behind "=": -n=5, -fo=csv.
        Some('=') => name.chars().count() > 3,
        Some(':' | '<' | '>') => true,
        Some('!') => operator.starts_with("!=") || operator.starts_with("!~"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(args: &[&str]) -> (Vec<bool>, Vec<String>) {
        let marked = mark(args.iter().map(OsString::from));
        let words = marked.iter().map(|arg| arg.to_str().unwrap());
        words.map(|word| (word.starts_with(MARK), unmark(word))).unzip()
    }

    #[test]
    fn clauses_are_words_of_the_query() {
        let clauses = [
            "-level:info",
            "-status:error -level:debug",
            "-n:5",
            "-service!=a",
            "-traceId!~/^0/",
            "-n>5",
            "-resourceId=a",
            "-\"timed out\"",
            "-(a OR b)",
            "-/x/",
            "-@http.status_code:404",
            "-metadata.a<1",
        ];
        assert_eq!(through(&clauses), (vec![true; clauses.len()], clauses.map(str::to_owned).to_vec()));
    }

    #[test]
    fn flags_stay_flags() {
        let flags = [
            "-f",
            "-n",
            "5",
            "-n5",
            "-n=5",
            "-s1h",
            "-s=1h",
            "-ocsv",
            "-fo=csv",
            "-",
            "--from=2023-09-15T08:00",
            "--server=http://x:1",
            "-timeout",
            "level:error",
            "--",
            "-level:info",
        ];
        assert_eq!(through(&flags), (vec![false; flags.len()], flags.map(str::to_owned).to_vec()));
    }
}
