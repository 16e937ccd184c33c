//! The Secret that the operator makes once: a token for generators, and the key that session cookies are signed with.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::PostParams;
use kube::{Api, Client, ResourceExt};

use super::ApplyError;
use crate::build::{INSTANCE, MANAGED_BY, MANAGER, internal_secret, owner};
use crate::validate::Pipeline;

const SESSION_KEY: &str = "session-key";

/// The pipeline's key, of the Secret as it is; `None` where there is none, or it is somebody else's.
pub async fn internal_key(client: &Client, pipeline: &Pipeline) -> Result<Option<String>, ApplyError> {
    let name = internal_secret(&pipeline.name);
    let api: Api<Secret> = Api::namespaced(client.clone(), &pipeline.namespace);
    let found = api.get_opt(&name).await.map_err(ApplyError::of("read", "Secret", &name))?;
    Ok(found.filter(|found| is_ours(found, pipeline)).map(|found| key_of(&found)))
}

fn is_ours(found: &Secret, pipeline: &Pipeline) -> bool {
    found.owner_references().iter().any(|one| one.uid == pipeline.uid)
}

fn key_of(secret: &Secret) -> String {
    let key = secret.data.as_ref().and_then(|data| data.get(SESSION_KEY));
    key.map(|key| String::from_utf8_lossy(&key.0).into_owned()).unwrap_or_default()
}

/// Makes the Secret where it is missing; never changes it. The pipeline's key.
pub async fn ensure_internal_secret(client: &Client, pipeline: &Pipeline) -> Result<String, ApplyError> {
    let name = internal_secret(&pipeline.name);
    let api: Api<Secret> = Api::namespaced(client.clone(), &pipeline.namespace);
    let found = api.get_opt(&name).await.map_err(ApplyError::of("read", "Secret", &name))?;
    if let Some(found) = found {
        // Whoever made it would know the tokens.
        let ours = is_ours(&found, pipeline);
        return if ours { Ok(key_of(&found)) } else { Err(ApplyError::Foreign { kind: "Secret", name }) };
    }
    let failed =
        |error: io::Error| ApplyError::of("make", "Secret", &name)(kube::Error::Service(Box::new(error)));
    let token = random().map_err(failed)?;
    let session_key = random().map_err(failed)?;
    let data = BTreeMap::from([
        ("tokens".to_owned(), format!("generator:{token}\n")),
        ("token".to_owned(), token),
        (SESSION_KEY.to_owned(), session_key.clone()),
    ]);
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some(name.clone()),
            namespace: Some(pipeline.namespace.clone()),
            labels: Some(
                [(INSTANCE, pipeline.name.as_str()), (MANAGED_BY, MANAGER)]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
            ),
            owner_references: Some(vec![owner(pipeline)]),
            ..Default::default()
        },
        string_data: Some(data),
        ..Default::default()
    };
    let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
    match api.create(&params, &secret).await {
        Ok(_) => Ok(session_key),
        Err(error) => Err(ApplyError::of("make", "Secret", &name)(error)),
    }
}

/// 256 bits that nobody can guess, in hexadecimal.
fn random() -> io::Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let mut text = String::with_capacity(64);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}
