//! Every engine behind the one trait, empty.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use logpipeline_model::Timestamp;
use logpipeline_model::elasticsearch::{Classes, Layout};
use logpipeline_store::elasticsearch::{ElasticsearchStore, Options};
use logpipeline_store::{LogStore, NewEntry};

use crate::address::authorities;
use crate::ground::{TestStore, store_all};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Embedded,
    Elasticsearch,
    /// With indices in the mode `logsdb`.
    ElasticsearchLogsdb,
    OpenSearch,
}

/// A store of its own, which nothing was written to.
pub struct Subject {
    store: Arc<dyn LogStore>,
    elastic: Option<Arc<ElasticsearchStore>>,
    _embedded: Option<tempfile::TempDir>,
}

impl Engine {
    pub fn open(self) -> Subject {
        if self == Self::Embedded {
            let TestStore { store, directory } = TestStore::new();
            return Subject { store: Arc::new(store), elastic: None, _embedded: Some(directory) };
        }
        let store = Arc::new(self.writer(&unique()));
        let elastic = Some(Arc::clone(&store));
        Subject { store, elastic, _embedded: None }
    }

    /// A writer of a pipeline's data streams.
    pub fn writer(self, pipeline: &str) -> ElasticsearchStore {
        // Earlier than any entry of the tests was received, as it is where no other process wrote before.
        ElasticsearchStore::open_writer(self.options(pipeline), Timestamp::MIN).unwrap()
    }

    pub fn options(self, pipeline: &str) -> Options {
        let url = self.url();
        let authorities = authorities(&url);
        let mut options = Options::new(vec![url], Classes::new(pipeline, None, Vec::new()).unwrap());
        options.access.authorities = authorities;
        options.layout = Layout { replicas: 0, ..Layout::default() };
        options.logsdb = self == Self::ElasticsearchLogsdb;
        options
    }

    pub fn url(self) -> String {
        let name = match self {
            Self::Embedded => panic!("the embedded store has no address"),
            Self::Elasticsearch | Self::ElasticsearchLogsdb => "ELASTICSEARCH_URL",
            Self::OpenSearch => "OPENSEARCH_URL",
        };
        std::env::var(name).unwrap_or_else(|_| {
            panic!(
                "{name} is not set: `make test` starts the servers, or set it to the address of your own, such as \
                 http://localhost:9200 or https://user:password@host:9200"
            )
        })
    }
}

/// A name that no other test, in this run or another, gives a pipeline.
pub fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("test-{}-{}-{}", std::process::id(), now.as_millis(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A test for each engine.
macro_rules! on_every_engine {
    ($($(#[$meta:meta])* async fn $name:ident($engine:ident: Engine) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn test($engine: crate::engines::Engine) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                test(crate::engines::Engine::Embedded).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn elasticsearch() {
                test(crate::engines::Engine::Elasticsearch).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn elasticsearch_logsdb() {
                test(crate::engines::Engine::ElasticsearchLogsdb).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn opensearch() {
                test(crate::engines::Engine::OpenSearch).await;
            }
        }
    )*};
}
pub(crate) use on_every_engine;

impl Subject {
    /// Stores entries that are new, and waits until they are found.
    pub async fn put(&self, entries: Vec<NewEntry>) {
        store_all(&*self.store, entries).await;
        self.settle().await;
    }

    /// Waits until what was written is found.
    pub async fn settle(&self) {
        if let Some(elastic) = &self.elastic {
            elastic.refresh().await.unwrap();
        }
    }
}

impl Deref for Subject {
    type Target = dyn LogStore;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}
