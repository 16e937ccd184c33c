//! The query server: the search API and the web UI over any [`LogStore`](logpipeline_store::LogStore).

pub mod access;
pub mod api;
pub mod app;
pub mod config;
mod cursor;
pub mod delivery;
mod entries;
mod export;
mod limits;
mod metrics;
mod middleware;
mod params;
mod path;
mod problems;
pub mod run;
mod scope;
mod stores;
mod tail;
mod text;
mod traced;
pub mod ui;

pub use app::{App, router};
pub use config::Config;
