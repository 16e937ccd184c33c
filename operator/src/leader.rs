//! One of several operators reconciles: the one that holds the Lease.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::jiff::Timestamp;
use kube::{Api, Client};
use kube_lease_manager::{LeaseManager, LeaseManagerBuilder};
use tokio::time::Instant;

use crate::build::MANAGER;

/// How long a Lease holds that is not renewed, in seconds.
const DURATION: u64 = 15;
/// How long before its end it is renewed, in seconds.
const GRACE: u64 = 5;
/// How often one that waits looks whether the Lease is free.
const LOOK: Duration = Duration::from_secs(2);
/// How long before its Lease ends a process that could not renew it stops.
const MARGIN: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub enum LeaderError {
    #[error("failed to set up leader election by Lease {namespace}/{name}: {source}")]
    Setup { namespace: String, name: String, source: Box<kube_lease_manager::LeaseManagerError> },
}

/// Where the Lease is, and who asks for it.
#[derive(Debug, Clone)]
pub struct Election {
    pub namespace: String,
    pub name: String,
    pub identity: String,
}

/// The leadership of this process.
#[derive(Debug)]
pub struct Leadership(LeaseManager);

impl Leadership {
    pub async fn seek(client: &Client, election: &Election) -> Result<Self, LeaderError> {
        manager(client, election).await.map(Self)
    }

    /// Until this process leads.
    pub async fn gained(&mut self, client: &Client, election: &Election) -> Result<(), LeaderError> {
        loop {
            tokio::select! {
                changed = self.0.changed() => match changed {
                    Ok(true) => return Ok(()),
                    Ok(false) => {}
                    Err(error) => failed(&error).await,
                },
                // A manager looks again when the Lease runs out, and would not see that it was let go: a new one does.
                () = free(client, election) => self.0 = manager(client, election).await?,
            }
        }
    }

    /// Until this process leads no more, or cannot tell whether it does.
    pub async fn lost(&self, client: &Client, election: &Election) {
        let renew = async {
            loop {
                match self.0.changed().await {
                    Ok(false) => return,
                    Ok(true) => {}
                    Err(error) => failed(&error).await,
                }
            }
        };
        tokio::select! {
            () = renew => {}
            () = unseen(client, election) => {}
        }
    }

    /// Lets another process lead at once.
    pub async fn release(&self) {
        let released = tokio::time::timeout(Duration::from_secs(GRACE), self.0.release()).await;
        if !matches!(released, Ok(Ok(()))) {
            tracing::warn!("the Lease could not be released; another process leads when it runs out");
        }
    }
}

async fn manager(client: &Client, election: &Election) -> Result<LeaseManager, LeaderError> {
    LeaseManagerBuilder::new(client.clone(), election.name.as_str())
        .with_namespace(election.namespace.as_str())
        .with_identity(election.identity.as_str())
        .with_field_manager(format!("{MANAGER}-{}", election.identity))
        .with_duration(DURATION)
        .with_grace(GRACE)
        .build()
        .await
        .map_err(|source| LeaderError::Setup {
            namespace: election.namespace.clone(),
            name: election.name.clone(),
            source: Box::new(source),
        })
}

/// Until the Lease is nobody's.
async fn free(client: &Client, election: &Election) {
    let api: Api<Lease> = Api::namespaced(client.clone(), &election.namespace);
    loop {
        tokio::time::sleep(LOOK).await;
        if let Ok(lease) = api.get(&election.name).await
            && lease.spec.and_then(|spec| spec.holder_identity).is_none_or(|holder| holder.is_empty())
        {
            return;
        }
    }
}

async fn failed(error: &kube_lease_manager::LeaseManagerError) {
    tracing::warn!(%error, "the Lease could not be read or renewed; it is tried again");
    tokio::time::sleep(Duration::from_secs(1)).await;
}

/// Until the Lease is another's, or runs out: the manager goes on trying while the API server is not reached, though another
/// process may reach it.
async fn unseen(client: &Client, election: &Election) {
    let api: Api<Lease> = Api::namespaced(client.clone(), &election.namespace);
    let mut end = Instant::now() + Duration::from_secs(DURATION) - MARGIN;
    let watch = async |end: &mut Instant| {
        loop {
            tokio::time::sleep(LOOK).await;
            let Ok(Ok(lease)) = tokio::time::timeout(LOOK, api.get(&election.name)).await else { continue };
            let Some(spec) = lease.spec else { return };
            if spec.holder_identity.as_deref() != Some(election.identity.as_str()) {
                return;
            }
            // By this process' own clock: it was itself who renewed the Lease.
            let age = spec.renew_time.map(|time| Timestamp::now().duration_since(time.0)).unwrap_or_default();
            let age = Duration::try_from(age).unwrap_or_default();
            *end = Instant::now() + (Duration::from_secs(DURATION) - MARGIN).saturating_sub(age);
        }
    };
    loop {
        let until = end;
        if tokio::time::timeout_at(until, watch(&mut end)).await.is_ok() || end <= until {
            return;
        }
    }
}
