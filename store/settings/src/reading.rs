//! What every component that opens the store is told.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use logpipeline_model::elasticsearch::{Classes, RetentionClass};
use logpipeline_store::Stores;
use logpipeline_store::elasticsearch::{ElasticsearchStore, Options};
use logpipeline_store::embedded::EmbeddedStore;

use crate::credentials::{credentials, read};
use crate::{Engine, PASSWORD_VARIABLE, SettingsError};

const DEFAULT_PIPELINE: &str = "default";

/// Folders of the embedded stores below the data folder.
pub(crate) const LOGS: &str = "store";
pub(crate) const DEAD_LETTERS: &str = "dead-letters/store";

/// Which store to open, and how to reach it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Store")]
pub struct StoreArgs {
    /// Where entries are kept
    #[arg(long, env = "LOGPIPELINE_STORE", value_enum, value_name = "ENGINE", default_value_t = Engine::Embedded)]
    pub store: Engine,

    /// Addresses of Elasticsearch or OpenSearch, those of one cluster, tried in turn; give the flag several times, or
    /// separate them by commas
    #[arg(long, env = "LOGPIPELINE_ELASTICSEARCH_URL", value_name = "URL", value_delimiter = ',')]
    pub elasticsearch_url: Vec<String>,

    /// User of Elasticsearch; the password comes from --elasticsearch-password-file, or from the environment as
    /// LOGPIPELINE_ELASTICSEARCH_PASSWORD
    #[arg(long, env = "LOGPIPELINE_ELASTICSEARCH_USER", value_name = "NAME")]
    pub elasticsearch_user: Option<String>,

    /// File with the user's password
    #[arg(long, env = "LOGPIPELINE_ELASTICSEARCH_PASSWORD_FILE", value_name = "FILE")]
    pub elasticsearch_password_file: Option<PathBuf>,

    /// File with an API key, encoded as Elasticsearch gives it out
    #[arg(long, env = "LOGPIPELINE_ELASTICSEARCH_API_KEY_FILE", value_name = "FILE")]
    pub elasticsearch_api_key_file: Option<PathBuf>,

    /// File with a bearer token
    #[arg(long, env = "LOGPIPELINE_ELASTICSEARCH_TOKEN_FILE", value_name = "FILE")]
    pub elasticsearch_token_file: Option<PathBuf>,

    /// PEM file of authorities that sign Elasticsearch's certificates, besides the public ones
    #[arg(long, env = "LOGPIPELINE_ELASTICSEARCH_CA_FILE", value_name = "FILE")]
    pub elasticsearch_ca_file: Option<PathBuf>,

    /// PEM file with a client certificate and its private key; credentials may be given beside it
    #[arg(long, env = "LOGPIPELINE_ELASTICSEARCH_CLIENT_CERTIFICATE_FILE", value_name = "FILE")]
    pub elasticsearch_client_certificate_file: Option<PathBuf>,

    /// Compress what is sent to Elasticsearch: for links slower than some 100 MB/s
    #[arg(
        long, env = "LOGPIPELINE_ELASTICSEARCH_GZIP", num_args = 0..=1, default_missing_value = "true", default_value = "false",
        hide_default_value = true, hide_possible_values = true, require_equals = true, action = clap::ArgAction::Set,
        value_name = "BOOL", value_parser = BoolishValueParser::new()
    )]
    pub elasticsearch_gzip: bool,

    /// Name of the pipeline, which its data streams in Elasticsearch bear: logs-NAME.* [default: default]
    #[arg(long, env = "LOGPIPELINE_PIPELINE", value_name = "NAME")]
    pub pipeline: Option<String>,
}

impl StoreArgs {
    /// Opens the stores to read what others write; one that is not there yet is empty. Elasticsearch is not asked for
    /// anything yet.
    ///
    /// # Errors
    /// Settings that do not go together, files that cannot be read, and what the engine says.
    pub fn open_reader(&self, data_dir: &Path) -> Result<Stores, SettingsError> {
        self.check()?;
        Ok(match self.store {
            Engine::Embedded => {
                let hint = "; --data-dir names the ingestor's data folder";
                let open = |folder: &str| {
                    let store = EmbeddedStore::open_reader(data_dir.join(folder));
                    store.map(Arc::new).map_err(|source| SettingsError::Store { hint, source })
                };
                Stores { logs: open(LOGS)?, dead_letters: open(DEAD_LETTERS)? }
            }
            Engine::Elasticsearch => {
                let classes = self.classes(None, Vec::new())?;
                let open = |classes| {
                    let store = ElasticsearchStore::open_reader(self.options(classes)?);
                    store.map(Arc::new).map_err(|source| SettingsError::Store { hint: "", source })
                };
                Stores { dead_letters: open(classes.dead_letters(None))?, logs: open(classes)? }
            }
        })
    }

    pub(crate) fn classes(
        &self,
        keep: Option<Duration>,
        others: Vec<RetentionClass>,
    ) -> Result<Classes, SettingsError> {
        Ok(Classes::new(self.pipeline.as_deref().unwrap_or(DEFAULT_PIPELINE), keep, others)?)
    }

    /// Refuses what does not go together.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if self.store == Engine::Embedded {
            let given = [
                ("--elasticsearch-url", !self.elasticsearch_url.is_empty()),
                ("--elasticsearch-user", self.elasticsearch_user.is_some()),
                ("--elasticsearch-password-file", self.elasticsearch_password_file.is_some()),
                ("--elasticsearch-api-key-file", self.elasticsearch_api_key_file.is_some()),
                ("--elasticsearch-token-file", self.elasticsearch_token_file.is_some()),
                ("--elasticsearch-ca-file", self.elasticsearch_ca_file.is_some()),
                (
                    "--elasticsearch-client-certificate-file",
                    self.elasticsearch_client_certificate_file.is_some(),
                ),
                ("--elasticsearch-gzip", self.elasticsearch_gzip),
                ("--pipeline", self.pipeline.is_some()),
            ];
            return only_elasticsearch(&given);
        }
        if self.elasticsearch_url.is_empty() {
            return Err(SettingsError::NoAddress);
        }
        for url in &self.elasticsearch_url {
            let address = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
            let Some(address) = address.filter(|address| !address.is_empty()) else {
                return Err(SettingsError::Address { url: hidden(url) });
            };
            if address.split('/').next().is_some_and(|host| host.contains('@')) {
                return Err(SettingsError::AddressWithUser);
            }
        }
        Ok(())
    }

    pub(crate) fn options(&self, classes: Classes) -> Result<Options, SettingsError> {
        let mut options = Options::new(self.elasticsearch_url.clone(), classes);
        options.access.credentials = credentials(self, std::env::var(PASSWORD_VARIABLE).ok())?;
        options.access.gzip = self.elasticsearch_gzip;
        if let Some(path) = &self.elasticsearch_ca_file {
            options.access.authorities = Some(read("--elasticsearch-ca-file", path)?);
        }
        if let Some(path) = &self.elasticsearch_client_certificate_file {
            options.access.client_certificate = Some(read("--elasticsearch-client-certificate-file", path)?);
        }
        Ok(options)
    }
}

/// Names the first flag that is given though the store is embedded.
pub(crate) fn only_elasticsearch(given: &[(&'static str, bool)]) -> Result<(), SettingsError> {
    match given.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(SettingsError::OnlyElasticsearch { flag }),
        None => Ok(()),
    }
}

/// An address without what may be a password.
fn hidden(url: &str) -> String {
    url.rsplit_once('@').map_or(url, |(_, host)| host).to_owned()
}
