//! Definitions of the model, put so that doing it again changes nothing.

use elasticsearch::http::Method;
use logpipeline_model::elasticsearch::{Definition, Lifecycle, Put};
use serde_json::Value;

use super::connection::{Connection, RequestError};
use super::engine::Engine;
use crate::StoreError;

pub(super) async fn put(connection: &Connection, definition: &Definition) -> Result<(), RequestError> {
    match definition.put {
        Put::Always => send(connection, &definition.path, definition).await,
        Put::IfAbsent => if_absent(connection, definition).await,
        Put::BySequence => by_sequence(connection, definition).await,
        Put::OnStream => on_stream(connection, definition).await,
    }
}

async fn send(connection: &Connection, path: &str, definition: &Definition) -> Result<(), RequestError> {
    connection.ask::<Value>(Method::Put, path, Some(&definition.body)).await.map(drop)
}

async fn if_absent(connection: &Connection, definition: &Definition) -> Result<(), RequestError> {
    if find(connection, &definition.path).await?.is_some() {
        return Ok(());
    }
    // Where somebody makes it in this moment, theirs stays.
    match send(connection, &format!("{}?create=true", definition.path), definition).await {
        Err(RequestError::Refused { status: 400, reason, .. }) if reason.contains("already exists") => Ok(()),
        other => other,
    }
}

async fn by_sequence(connection: &Connection, definition: &Definition) -> Result<(), RequestError> {
    let Some(found) = find(connection, &definition.path).await? else {
        return unless_first(send(connection, &definition.path, definition).await);
    };
    if holds(&found, &definition.body) {
        return Ok(());
    }
    let number = |name: &str| found[name].as_i64().unwrap_or_default();
    let (number, term) = (number("_seq_no"), number("_primary_term"));
    let path = format!("{}?if_seq_no={number}&if_primary_term={term}", definition.path);
    unless_first(send(connection, &path, definition).await)?;
    // Indices that are there go by the policy as it was when they were made, until they are told.
    let policy = definition.path.rsplit('/').next().unwrap_or_default();
    let path = format!("/_plugins/_ism/change_policy/.ds-{policy}-*");
    let body = serde_json::json!({ "policy_id": policy });
    match connection.ask::<Value>(Method::Post, &path, Some(&body)).await {
        Err(error) if error.status() != Some(404) => Err(error),
        _ => Ok(()),
    }
}

/// Another process that puts the same in this moment has put it.
fn unless_first(sent: Result<(), RequestError>) -> Result<(), RequestError> {
    match sent {
        Err(error) if error.status() == Some(409) => Ok(()),
        other => other,
    }
}

/// With what users override: they do so in a template, which counts for streams made from then on.
async fn on_stream(connection: &Connection, definition: &Definition) -> Result<(), RequestError> {
    let stream = definition.path.split('/').nth(2).unwrap_or_default();
    let path = format!("/_index_template/_simulate_index/{stream}");
    let mut simulated: Value = connection.ask(Method::Post, &path, None).await?;
    let body = match simulated["template"]["lifecycle"].take() {
        Value::Object(lifecycle) => Value::Object(lifecycle),
        _ => definition.body.clone(),
    };
    match connection.ask::<Value>(Method::Put, &definition.path, Some(&body)).await {
        Err(error) if error.status() != Some(404) => Err(error),
        _ => Ok(()),
    }
}

async fn find(connection: &Connection, path: &str) -> Result<Option<Value>, RequestError> {
    match connection.ask(Method::Get, path, None).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether everything wanted is there; engines add to what they are given.
fn holds(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| found.get(name).is_some_and(|found| holds(found, wanted)))
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|(found, wanted)| holds(found, wanted))
        }
        _ => found == wanted,
    }
}

/// The lifecycle that was asked for, or that the engine has.
pub(super) async fn lifecycle(
    connection: &Connection,
    engine: &Engine,
    asked: Lifecycle,
) -> Result<Lifecycle, StoreError> {
    let lifecycle = asked
        .on(engine.product, engine.version)
        .map_err(|error| StoreError::Unsupported { reason: error.to_string() })?;
    let Some(probe) = lifecycle.probe() else { return Ok(lifecycle) };
    match connection.ask::<Value>(Method::Get, probe, None).await {
        Ok(_) => Ok(lifecycle),
        Err(error) if error.is_transient() => Err(error.into()),
        Err(RequestError::Refused { reason, .. }) if reason.contains("no handler found") => {
            if asked == Lifecycle::Auto {
                tracing::info!(
                    ?lifecycle,
                    "this server lacks its lifecycle module: old entries are removed from here"
                );
                return Ok(Lifecycle::Ingestor);
            }
            Err(StoreError::Unsupported {
                reason: format!(
                    "{} was built without what the lifecycle {lifecycle:?} needs: take ingestor or auto",
                    connection.address()
                ),
            })
        }
        // It is there, and asks for more than this.
        Err(RequestError::Refused { .. }) => Ok(lifecycle),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_engines_add_makes_no_difference_and_everything_else_does() {
        let wanted = json!({ "policy": { "states": [{ "name": "hot", "actions": [{ "delete": {} }] }] } });
        let found = json!({
            "_seq_no": 3,
            "policy": { "last_updated_time": 1, "states": [
                { "name": "hot", "actions": [{ "delete": {}, "retry": { "count": 3 } }] },
            ] },
        });
        assert!(holds(&found, &wanted));
        for other in [
            json!({ "policy": { "states": [] } }),
            json!({ "policy": { "states": [{ "name": "cold", "actions": [{ "delete": {} }] }] } }),
            json!({ "policy": { "states": [{ "name": "hot", "actions": [{ "close": {} }] }] } }),
        ] {
            assert!(!holds(&other, &wanted), "{other}");
        }
    }
}
