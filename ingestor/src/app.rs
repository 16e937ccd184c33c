//! The ingestor as a whole: started, served, and brought to its end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use logpipeline_access::tls::TlsError;
use logpipeline_access::watched::AccessError;
use logpipeline_service::http_server::{self, Listener, ServerOptions};
use logpipeline_service::{Shutdown, admin};
use logpipeline_store::Stores;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::balance::{self, BalanceMetrics};
use crate::budget::Budget;
use crate::canary::{Canaries, Canary, CanaryMetrics};
use crate::config::Config;
use crate::dead_letters::{Bodies, Files, Shelf};
use crate::http;
use crate::ids::IdGenerator;
use crate::intake::{Bounds, Ingest};
use crate::listeners::{Addresses, Bound};
use crate::metrics::{Metrics, Sample};
use crate::receipts::{Journal, Receipts, Recorder};
use crate::retention;
use crate::shipper::{Progress, ShipOptions, Shipper};
use crate::wal::disk::Disk;
use crate::wal::{AppendError, OpenError, Opened, Recovery, Wal, WriterEnd};

/// Why the ingestor did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum IngestorError {
    #[error("failed to open the write-ahead log: {0}")]
    Log(#[from] OpenError),
    #[error("failed to set up metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    #[error("failed to load the access policy: {0}")]
    Tokens(#[from] AccessError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("failed to read the shared key of --forward-shared-key-file: {0}")]
    SharedKey(String),
    #[error("{reason}; the flag is {flag}")]
    Listen { flag: &'static str, reason: std::io::Error },
    /// The disk failed so that entries can't be made durable. Nothing that was acknowledged is lost.
    #[error("stopped because the write-ahead log cannot be written: {0}")]
    LogFailed(AppendError),
    /// Entries would be accepted that nobody ships. Nothing is lost: the next start ships them.
    #[error("stopped because shipping to the store ended unexpectedly; start the ingestor again")]
    ShippingEnded,
}

/// A running ingestor.
#[derive(Debug)]
pub struct Ingestor {
    pub address: SocketAddr,
    pub admin_address: SocketAddr,
    /// Where protocols beside HTTP are served.
    pub listeners: Addresses,
    /// Where OTLP is accepted by gRPC.
    pub otlp_grpc_address: Option<SocketAddr>,
    ingest: Arc<Ingest>,
    servers: Vec<tokio::task::JoinHandle<()>>,
    shipper: tokio::task::JoinHandle<()>,
    finish: watch::Sender<bool>,
    writer: WriterEnd,
    admin: Shutdown,
    shutdown: Shutdown,
    grace: std::time::Duration,
}

impl Ingestor {
    /// Recovers the log under the data folder and begins to accept and ship. Files of access are read, and all
    /// listeners bound, first, so that what is wrong with them changes nothing on disk.
    pub fn start(
        config: &Config,
        stores: Stores,
        disk: Arc<dyn Disk>,
        shutdown: Shutdown,
    ) -> Result<Self, IngestorError> {
        let (gate, tls) = (config.access.gate()?, config.access.tls.open()?);
        let (tcp, address) = listen("--listen", config.listen)?;
        let (admin_listener, admin_address) = listen("--admin-listen", config.admin_listen)?;
        let grpc =
            config.otlp_grpc_listen.map(|address| listen("--otlp-grpc-listen", address)).transpose()?;
        let bound = Bound::bind(config)?;
        let registry = admin::registry();
        let metrics = Metrics::register(&registry)?;
        let folder: PathBuf = config.data_dir.join("wal");
        let Opened { wal, reader, checkpoints, ledger, recovery, writer } =
            Wal::open(&folder, config.wal(), Arc::clone(&disk), metrics.clone())?;
        report(&recovery, &metrics);
        let journal = config.data_dir.join("receipts");
        let journal = Arc::new(Journal::open(&journal, config.receipts_size, disk, metrics.clone()));
        let dead_letters = config.data_dir.join("dead-letters");
        let receipts = Receipts::new(
            Arc::clone(&journal),
            wal.clone(),
            stores.clone(),
            dead_letters.clone(),
            config.retention_rules(),
        );

        let progress = Arc::new(Progress::default());
        let canaries = if config.canary_interval.is_zero() {
            None
        } else {
            Some(Arc::new(Canaries::new(CanaryMetrics::register(&registry)?)))
        };
        let ingest = Arc::new(Ingest {
            wal: wal.clone(),
            ledger: Arc::clone(&ledger),
            progress: Arc::clone(&progress),
            canaries: canaries.clone(),
            receipts: Arc::new(receipts),
            ids: IdGenerator::default(),
            budget: Budget::new(config.max_in_flight),
            bounds: Bounds {
                body: usize::try_from(config.max_body).unwrap_or(usize::MAX),
                pause: config.body_timeout,
                deadline: config.body_deadline,
                entry: config.limits(),
            },
            bodies: Bodies::start(Arc::clone(&stores.dead_letters), metrics.clone(), &shutdown),
            metrics: metrics.clone(),
            shutdown: shutdown.clone(),
        });
        let sampled = Arc::clone(&ingest);
        Metrics::observe(&registry, move || sample(&sampled))?;

        if let Some(canaries) = canaries {
            let (ingest, store) = (Arc::clone(&ingest), Arc::clone(&stores.logs));
            let (interval, timeout) = (config.canary_interval, config.canary_timeout);
            let canary = Canary { ingest, store, interval, timeout, canaries };
            shutdown.spawn(canary.run(shutdown.clone()));
        }
        let balance = BalanceMetrics::register(&registry, Arc::clone(&ledger))?;
        shutdown.spawn(balance::watch(Arc::clone(&ingest), balance, shutdown.clone()));

        let (finish, finished) = watch::channel(false);
        let files = Files::new(config.data_dir.join("dead-letters"));
        let shipper = Shipper {
            store: Arc::clone(&stores.logs),
            wal,
            reader,
            checkpoints,
            recorded: ledger.settled(),
            ledger,
            dead_letters: Shelf::new(Arc::clone(&stores.dead_letters), files),
            recorder: Recorder::new(journal),
            progress,
            metrics: metrics.clone(),
            options: ShipOptions { linger: config.linger, ..ShipOptions::default() },
        };
        let shipper = tokio::spawn(shipper.run(finished));
        for (store, policy, metrics) in [
            (&stores.logs, config.retention(), Some(metrics.clone())),
            (&stores.dead_letters, config.store.dead_letter_policy(), None),
        ] {
            if config.store.retains(policy) {
                let (store, interval) = (Arc::clone(store), config.retention_interval);
                shutdown.spawn(retention::run(store, policy, interval, metrics, shutdown.clone()));
            }
        }
        let options = ServerOptions {
            header_timeout: config.header_timeout,
            max_connections: bound.connections(config),
            grace: config.grace,
            outlive_client: true,
            ..ServerOptions::default()
        };
        let admin = Shutdown::default();
        let readiness = admin::Readiness::default();
        let replay = http::replay(&ingest, stores);
        let routes = admin::router(readiness, registry, shutdown.clone())
            .merge(http::admin_router(Arc::clone(&ingest), Arc::clone(&replay)));
        let admin_options =
            ServerOptions { max_connections: ServerOptions::admin().max_connections, ..options };
        // Served to the very end, so that the last figures can be read.
        tokio::spawn(http_server::serve(admin_listener, routes, admin_options, admin.clone()));
        match &gate {
            Some(gate) => gate.tokens.spawn(&shutdown),
            None => tracing::warn!(
                %address,
                "started with --insecure: anybody who reaches this address can send entries, and read how many there are; --tokens-file FILE would ask for a token"
            ),
        }
        let https = tls.is_some();
        let listeners = bound.addresses().clone();
        let mut servers = vec![bound.serve(config, tls.clone(), &ingest)];
        let mut serve = |tcp, router, refuse| {
            let listener = Listener { tcp, tls: tls.clone() };
            let options = ServerOptions { refuse, ..options };
            servers.push(tokio::spawn(http_server::serve(listener, router, options, shutdown.clone())));
        };
        let otlp_grpc_address = grpc.map(|(tcp, address)| {
            serve(tcp, http::grpc::router(Arc::clone(&ingest), gate.clone()), http::refuse_call);
            tracing::info!(%address, https, "listening for OTLP by gRPC");
            address
        });
        serve(tcp, http::router(Arc::clone(&ingest), &replay, gate), http::refuse);
        tracing::info!(%address, %admin_address, https, data_dir = %config.data_dir.display(), "listening");
        Ok(Self {
            address,
            admin_address,
            listeners,
            otlp_grpc_address,
            ingest,
            servers,
            shipper,
            finish,
            writer,
            admin,
            shutdown,
            grace: config.grace,
        })
    }

    /// Serves until the shutdown stops it, then finishes requests and ships what is left within the
    /// grace; the rest stays on disk for the next start.
    pub async fn run(mut self) -> Result<(), IngestorError> {
        let (mut shipping, mut writing) = (true, true);
        let failure = tokio::select! {
            end = &mut self.writer => {
                writing = false;
                // Without an error of its own, the writer panicked.
                let error = end.ok().and_then(Result::err).unwrap_or(AppendError::Closed);
                Some(IngestorError::LogFailed(error))
            }
            _ = &mut self.shipper => {
                shipping = false;
                Some(IngestorError::ShippingEnded)
            }
            () = self.shutdown.stopping() => None,
        };
        if let Some(error) = &failure {
            tracing::error!(%error, "ending");
            self.shutdown.trigger();
        }
        let until = Instant::now() + self.grace;
        for server in &mut self.servers {
            let _ = tokio::time::timeout_at(until, server).await;
        }
        self.ingest.wal.close();
        if writing {
            let _ = tokio::time::timeout_at(until, &mut self.writer).await;
        }
        self.finish.send_replace(true);
        let shipped = shipping && tokio::time::timeout_at(until, &mut self.shipper).await.is_ok();
        let waiting = self.ingest.ledger.read().waiting;
        self.shipper.abort();
        // What hands over to other processes, since draining began.
        let _ = self.shutdown.finished(until.saturating_duration_since(Instant::now())).await;
        self.admin.trigger();
        if shipped {
            tracing::info!("ended; everything accepted is in the store");
        } else {
            tracing::warn!(waiting, "ended; entries stay in the write-ahead log for the next start");
        }
        failure.map_or(Ok(()), Err)
    }
}

fn listen(flag: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), IngestorError> {
    let bound = http_server::bind(address).and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|reason| IngestorError::Listen { flag, reason })
}

fn sample(ingest: &Ingest) -> Sample {
    let figures = ingest.ledger.read();
    Sample {
        waiting_entries: figures.waiting,
        waiting_bytes: ingest.wal.usage().waiting,
        wal_file_bytes: ingest.wal.file_bytes(),
        wal_capacity_bytes: ingest.wal.options().capacity(),
        in_flight_bytes: ingest.budget.bytes_taken() as u64,
        lag_seconds: if figures.waiting == 0 { 0.0 } else { ingest.progress.lag().as_secs_f64() },
    }
}

fn report(recovery: &Recovery, metrics: &Metrics) {
    if let Some(torn) = &recovery.torn {
        metrics.torn_bytes.inc_by(torn.bytes);
        tracing::warn!(
            segment = %torn.path.display(),
            offset = torn.offset,
            bytes = torn.bytes,
            kept_in = torn.kept_in.as_ref().map(|path| path.display().to_string()),
            "an unfinished write at the end of the write-ahead log was cut off"
        );
    }
    for path in &recovery.set_aside {
        metrics.damaged_regions.inc();
        tracing::error!(path = %path.display(), "a segment of the write-ahead log has no readable header and was set aside");
    }
    if recovery.checkpoint_damaged {
        tracing::warn!(
            "the checkpoint of the write-ahead log is damaged; everything in the log is shipped again"
        );
    }
    if recovery.waiting > 0 {
        tracing::info!(entries = recovery.waiting, "recovered entries that wait for the store");
    }
}
