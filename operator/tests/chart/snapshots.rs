//! Everything that the chart makes, but the definition of the resource. UPDATE_EXPECT=1 writes the files anew.

use expect_test::{ExpectFile, expect_file};

use crate::support::{render, values};

fn check(args: &[&str], expected: ExpectFile) {
    let mut objects = render("operators", &[args, &["--set=crds.install=false"]].concat());
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    objects.sort_by_key(|one| {
        (text(&one["kind"]), text(&one["metadata"]["namespace"]), text(&one["metadata"]["name"]))
    });
    for object in &mut objects {
        let data = object.get_mut("data").and_then(serde_json::Value::as_object_mut);
        for (file, dashboard) in data.into_iter().flatten().filter(|(file, _)| file.ends_with(".json")) {
            *dashboard = format!("(files/dashboards/{})", file.trim_start_matches("logpipeline-")).into();
        }
    }
    let documents: Vec<_> = objects.iter().map(|object| serde_yaml::to_string(object).unwrap()).collect();
    expected.assert_eq(&documents.join("---\n"));
}

#[test]
fn default() {
    check(&[], expect_file!["snapshots/default.yaml"]);
}

#[test]
fn namespaced() {
    check(&[&values("namespaced")], expect_file!["snapshots/namespaced.yaml"]);
}

#[test]
fn everything_on() {
    check(&[&values("everything")], expect_file!["snapshots/everything.yaml"]);
}
