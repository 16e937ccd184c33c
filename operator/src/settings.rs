//! What the operator is told about every pipeline: images, and how pods are pulled and found.

use clap::Args;

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Image of ingestors
    #[arg(long, env = "LOGPIPELINE_INGESTOR_IMAGE", value_name = "IMAGE", default_value = concat!("logpipeline-ingestor:", env!("CARGO_PKG_VERSION")))]
    pub ingestor_image: String,

    /// Image of query servers
    #[arg(long, env = "LOGPIPELINE_QUERY_IMAGE", value_name = "IMAGE", default_value = concat!("logpipeline-query:", env!("CARGO_PKG_VERSION")))]
    pub query_image: String,

    /// Image of generators
    #[arg(long, env = "LOGPIPELINE_GENERATOR_IMAGE", value_name = "IMAGE", default_value = concat!("logpipeline-generator:", env!("CARGO_PKG_VERSION")))]
    pub generator_image: String,

    /// When images are pulled: Always, IfNotPresent or Never
    #[arg(long, env = "LOGPIPELINE_IMAGE_PULL_POLICY", value_name = "POLICY", default_value = "IfNotPresent", value_parser = ["Always", "IfNotPresent", "Never"])]
    pub image_pull_policy: String,

    /// Secrets to pull images with, of each pipeline's namespace; give the flag several times, or separate them by commas
    #[arg(long, env = "LOGPIPELINE_IMAGE_PULL_SECRETS", value_name = "NAME", value_delimiter = ',')]
    pub image_pull_secrets: Vec<String>,

    /// The cluster's domain
    #[arg(long, env = "LOGPIPELINE_CLUSTER_DOMAIN", value_name = "DOMAIN", default_value = "cluster.local")]
    pub cluster_domain: String,

    /// Labels of the ServiceMonitor and the PrometheusRule of each pipeline, by which a Prometheus selects them; give the flag several times, or separate
    /// them by commas
    #[arg(long, env = "LOGPIPELINE_MONITOR_LABELS", value_name = "KEY=VALUE", value_delimiter = ',', value_parser = label)]
    pub monitor_labels: Vec<(String, String)>,
}

/// As Kubernetes takes it: <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set>.
fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE, as release=monitoring")?;
    let (prefix, name) = key.rsplit_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let begins_and_ends = |text: &str| {
        let of = |character: Option<char>| character.is_some_and(|one| one.is_ascii_alphanumeric());
        of(text.chars().next()) && of(text.chars().next_back())
    };
    let is_name = |text: &str| {
        let rest = |one: char| one.is_ascii_alphanumeric() || "-_.".contains(one);
        text.len() <= 63 && begins_and_ends(text) && text.chars().all(rest)
    };
    let is_domain = |text: &str| {
        let rest = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || "-.".contains(one);
        text.len() <= 253 && text.chars().all(rest) && text.split('.').all(begins_and_ends)
    };
    if !is_name(name) || !prefix.is_none_or(is_domain) {
        return Err(format!("{key} is no name of a label"));
    }
    if !value.is_empty() && !is_name(value) {
        return Err(format!("{value} is no value of a label"));
    }
    Ok((key.to_owned(), value.to_owned()))
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ingestor_image: format!("logpipeline-ingestor:{VERSION}"),
            query_image: format!("logpipeline-query:{VERSION}"),
            generator_image: format!("logpipeline-generator:{VERSION}"),
            image_pull_policy: "IfNotPresent".to_owned(),
            image_pull_secrets: Vec::new(),
            cluster_domain: "cluster.local".to_owned(),
            monitor_labels: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn labels_are_those_that_kubernetes_takes() {
        let label = |text: &str| label(text).map(|(key, value)| format!("{key}: {value}"));
        assert_eq!(label("release=monitoring").unwrap(), "release: monitoring");
        assert_eq!(label("example.com/team=a.b_c-1").unwrap(), "example.com/team: a.b_c-1");
        assert_eq!(label("on=").unwrap(), "on: ");
        for wrong in
            ["release", "=monitoring", "a b=c", "-a=b", "a=b=c", "a=-b", "A.com/a=b", "/a=b", "a..b/c=d"]
        {
            assert!(label(wrong).is_err(), "{wrong}");
        }
        assert!(label(&format!("{}=b", "a".repeat(64))).is_err());
    }
}
