//! The templates: put before the first entry, and again where somebody removed them.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex as StdMutex, PoisonError};

use elasticsearch::http::Method;
use logpipeline_model::EntryId;
use serde_json::Value;
use tokio::sync::Mutex;

use super::options::Options;
use logpipeline_cluster::Engine;
use logpipeline_cluster::{Connection, RequestError};

#[derive(Debug, Default)]
pub(super) struct Templates {
    applied: Mutex<bool>,
    /// What was written, by its index, to indices that are no data streams.
    stray: StdMutex<HashMap<String, HashSet<EntryId>>>,
}

impl Templates {
    pub(super) async fn ensure(
        &self,
        connection: &Connection,
        engine: &Engine,
        options: &Options,
    ) -> Result<(), RequestError> {
        let mut applied = self.applied.lock().await;
        if !*applied {
            logpipeline_cluster::apply(connection, engine, &options.classes, &options.layout, options.logsdb)
                .await?;
            *applied = true;
        }
        Ok(())
    }

    /// They are not there any more.
    pub(super) async fn forget(&self) {
        *self.applied.lock().await = false;
    }

    /// Notes that an entry went to an index that has the name of a data stream.
    pub(super) fn strayed(&self, index: &str, id: EntryId) {
        let mut stray = self.stray.lock().unwrap_or_else(PoisonError::into_inner);
        stray.entry(index.to_owned()).or_default().insert(id);
    }

    /// Removes indices that came to be in place of data streams while the templates were gone, where they
    /// hold nothing but entries that were not confirmed to anyone and will be written again.
    pub(super) async fn remove_strays(&self, connection: &Connection) -> Result<(), RequestError> {
        let stray: Vec<_> = {
            let stray = self.stray.lock().unwrap_or_else(PoisonError::into_inner);
            stray.iter().map(|(index, ids)| (index.clone(), ids.len() as u64)).collect()
        };
        for (index, ours) in stray {
            let done = match remove_stray(connection, &index, ours).await {
                Err(error) if error.status() == Some(404) => Ok(()),
                other => other,
            };
            done?;
            self.stray.lock().unwrap_or_else(PoisonError::into_inner).remove(&index);
        }
        Ok(())
    }
}

async fn remove_stray(connection: &Connection, index: &str, ours: u64) -> Result<(), RequestError> {
    let found: Value = connection.ask(Method::Get, &format!("/_resolve/index/{index}"), None).await?;
    if found["indices"].as_array().is_none_or(Vec::is_empty) {
        return Ok(());
    }
    connection.ask::<Value>(Method::Post, &format!("/{index}/_refresh"), None).await?;
    let found: Value = connection.ask(Method::Get, &format!("/{index}/_count"), None).await?;
    if found["count"].as_u64() != Some(ours) {
        return Err(RequestError::Unreachable(format!(
            "{index} is an index and not a data stream, and holds entries that others wrote: \
             copy what is wanted of it to another index and delete it"
        )));
    }
    tracing::warn!(index, "removing an index that came to be while the templates were gone");
    connection.ask::<Value>(Method::Delete, &format!("/{index}"), None).await.map(drop)
}
