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
        }
    }
}
