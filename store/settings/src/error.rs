//! What is wrong with the settings, in words for whoever set them.

use std::io;
use std::path::PathBuf;

use logpipeline_model::elasticsearch::ClassError;
use logpipeline_store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error(
        "{flag} is for --store elasticsearch, but the store is embedded: leave it out, or set --store elasticsearch"
    )]
    OnlyElasticsearch { flag: &'static str },
    #[error(
        "--store elasticsearch needs the address of a server: set --elasticsearch-url, such as http://localhost:9200"
    )]
    NoAddress,
    #[error(
        "--elasticsearch-url holds a user or password, which others on this machine could read: set --elasticsearch-user and a password file"
    )]
    AddressWithUser,
    #[error("--elasticsearch-url {url:?} is no address: write it as http://host:9200 or https://host:9200")]
    Address { url: String },
    #[error("{one} and {other} exclude each other: set one of them")]
    Both { one: &'static str, other: &'static str },
    #[error("{flag} needs {needed}")]
    Needs { flag: &'static str, needed: &'static str },
    #[error("failed to read {flag} {path}: {source}")]
    File { flag: &'static str, path: PathBuf, source: io::Error },
    #[error("{flag} {path} {problem}", path = path.display())]
    Content { flag: &'static str, path: PathBuf, problem: &'static str },
    #[error("--retention-class {name:?}: {reason}")]
    Class { name: String, reason: String },
    #[error(transparent)]
    Names(#[from] ClassError),
    #[error("{flag} is too {how}: {advice}")]
    Range { flag: &'static str, how: &'static str, advice: &'static str },
    #[error("failed to open the store{hint}: {source}")]
    Store { hint: &'static str, source: StoreError },
}
