//! The protocols of agents and SDKs, each on a real server.

mod bulk;
mod datadog;
mod elastic;
mod faults;
mod forward;
mod gelf;
mod hec;
mod hostile;
mod journal;
mod jsonline;
mod loki;
mod lumberjack;
mod otlp;
mod otlp_grpc;
mod relp;
mod retries;
mod syslog;
mod text;
