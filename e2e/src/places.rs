//! Names of what is made in the cluster.

/// Where the chart is installed, and its release.
pub const RELEASE: &str = "logpipeline";
/// The embedded pipeline's namespace.
pub const SHOP: &str = "shop";
/// The namespace of the pipeline on Elasticsearch.
pub const PROD: &str = "prod";
/// That of another one, on the same Elasticsearch.
pub const AUDIT: &str = "audit";
/// That of the pipeline on OpenSearch.
pub const SEARCH: &str = "search";
/// That of those who send.
pub const TEAM: &str = "team";
pub const NAMESPACES: &[&str] = &[RELEASE, SHOP, PROD, AUDIT, SEARCH, TEAM];
/// On what the suite makes for all of a cluster.
pub const MARK: &str = "logpipeline.dev/e2e";
/// Each LogPipeline, as the examples name it.
pub const PIPELINE: &str = "logs";
