//! The ingestor's ports beside the one for HTTP.

use k8s_openapi::api::networking::v1::IPBlock;

use super::cidr::{Network, NetworkProblem};
use super::error::Invalid;
use super::secrets::Secrets;
use super::types::Listener;
use crate::crd::{IngestorSpec, ListenerSpec};

/// `None` where one of them cannot be.
pub(super) fn listeners(spec: &IngestorSpec, secrets: &mut Secrets<'_>) -> Option<Vec<Listener>> {
    // Of each, so that all problems are found.
    let validated: Vec<_> = spec.listeners.iter().map(|one| listener(one, secrets)).collect();
    let mut listeners = validated.into_iter().collect::<Option<Vec<_>>>()?;
    // However they are written, pods restart only for what is another.
    listeners.sort_by_key(|one| one.protocol);
    Some(listeners)
}

fn listener(spec: &ListenerSpec, secrets: &mut Secrets<'_>) -> Option<Listener> {
    let field = format!("ingestor.listeners[{}]", spec.protocol);
    let shared_key = spec
        .shared_key_secret_ref
        .as_ref()
        .map(|reference| secrets.key(&format!("{field}.sharedKeySecretRef"), &reference.name, "sharedKey"));
    let blocks = spec.from.iter().enumerate().filter_map(|(at, peer)| Some((at, peer.ip_block.as_ref()?)));
    let problems = blocks.filter_map(|(at, block)| {
        let field = format!("{field}.from[{at}].ipBlock");
        secrets.kept(networks(&field, block)).is_none().then_some(())
    });
    let wrong = problems.count() > 0;
    let shared_key = match shared_key {
        Some(found) => Some(found?),
        None => None,
    };
    (!wrong).then(|| Listener {
        protocol: spec.protocol,
        port: spec.port.unwrap_or(spec.protocol.port()),
        anonymous: spec.anonymous,
        shared_key,
        from: spec.from.clone(),
    })
}

/// An API server refuses a NetworkPolicy with networks that are none, in words that name neither the LogPipeline nor its field.
fn networks(field: &str, block: &IPBlock) -> Result<(), Invalid> {
    let wrong = |part: &str, text: &str, problem| Invalid::Network {
        field: format!("{field}.{part}"),
        text: text.to_owned(),
        problem,
    };
    let network = Network::parse(&block.cidr).map_err(|problem| wrong("cidr", &block.cidr, problem))?;
    for text in block.except.iter().flatten() {
        let inner = Network::parse(text).map_err(|problem| wrong("except", text, problem))?;
        if !network.has_within(inner) {
            return Err(wrong("except", text, NetworkProblem::Outside(block.cidr.clone())));
        }
    }
    Ok(())
}
