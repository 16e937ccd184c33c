//! The documentation of the mapping table is the table.

use expect_test::expect_file;
use logpipeline_model::vocabulary;

#[test]
fn the_documented_table_is_the_one_that_is_used() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/mapping.md");
    let document = std::fs::read_to_string(path).unwrap_or_default();
    let begin = "<!-- The table is written by `make generate`. -->\n";
    let (before, _) = document.split_once(begin).expect("docs/mapping.md has the mark before its table");
    expect_file![path].assert_eq(&format!("{before}{begin}\n{}", vocabulary::markdown()));
}
