//! The Deployment's arguments and variables are such as the operator knows.

use clap::{CommandFactory, Parser};
use logpipeline_operator::cli::{Cli, Command, RunArgs};
use serde_json::Value;

use crate::support::{find, render, values};

fn container(args: &[&str]) -> Value {
    find(&render("operators", args), "Deployment")["spec"]["template"]["spec"]["containers"][0].clone()
}

fn parse(container: &Value) -> (String, RunArgs) {
    let args = container["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap());
    let cli = Cli::try_parse_from(std::iter::once("logpipeline-operator").chain(args)).unwrap();
    let Command::Run(run) = cli.command else { panic!("it does not run") };
    (cli.log_level, *run)
}

#[test]
fn by_default_they_are_the_operators_own_defaults() {
    let (level, run) = parse(&container(&[]));
    let own = Cli::parse_from(["logpipeline-operator", "run"]);
    let Command::Run(defaults) = own.command else { panic!("it does not run") };
    assert_eq!((level, format!("{run:?}")), (own.log_level, format!("{defaults:?}")));
}

#[test]
fn values_reach_the_operator() {
    let container = container(&[&values("everything"), &values("namespaced")]);
    let (level, run) = parse(&container);
    assert_eq!(level, "logpipeline_operator=debug,info");
    assert_eq!((run.resync.as_secs(), run.deletion_timeout.as_secs()), (60, 90 * 60));
    assert_eq!(run.namespaces, ["shop", "billing"]);
    assert_eq!(run.lease_name, "logpipeline-operator");
    assert_eq!(run.admin_listen.to_string(), "[::]:9090");
    let settings = run.settings;
    let digest = "sha256:abcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcd";
    assert_eq!(settings.ingestor_image, format!("registry.example.com/team/logpipeline-ingestor@{digest}"));
    assert_eq!(settings.query_image, "mirror.example.com:5000/logs/query:1.2.4");
    assert_eq!(settings.generator_image, "registry.example.com/team/logpipeline-generator:1.2.3");
    assert_eq!(settings.image_pull_policy, "Always");
    assert_eq!(settings.image_pull_secrets, ["registry", "mirror"]);
    assert_eq!(settings.cluster_domain, "example.internal");
    let labels = [("example.com/team", "logs"), ("release", "prometheus")];
    assert_eq!(settings.monitor_labels, labels.map(|(key, value)| (key.to_owned(), value.to_owned())));
    let image = container["image"].as_str().unwrap();
    assert!(image.starts_with("registry.example.com/team/logpipeline-operator@sha256:0123"), "{image}");
}

#[test]
fn the_operator_reads_the_variables_that_are_set() {
    let cli = Cli::command();
    let run = cli.find_subcommand("run").unwrap();
    let known: Vec<_> = run.get_arguments().filter_map(|arg| arg.get_env()?.to_str()).collect();
    for variable in container(&[])["env"].as_array().unwrap() {
        let name = variable["name"].as_str().unwrap();
        assert!(known.contains(&name), "{name} is not read");
    }
}
