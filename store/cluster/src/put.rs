//! Definitions of the model, put so that doing it again changes nothing.

use elasticsearch::http::Method;
use logpipeline_model::elasticsearch::{Definition, Left, Lifecycle, Put};
use serde_json::Value;

use crate::compare;
use crate::{ClusterError, Connection, Engine, RequestError};

/// Puts a definition where it is missing or differs; whether it did.
pub async fn put(connection: &Connection, definition: &Definition) -> Result<bool, RequestError> {
    match definition.put {
        Put::Always => unless_same(connection, definition).await,
        Put::IfAbsent => if_absent(connection, definition).await,
        Put::BySequence => by_sequence(connection, definition).await,
        Put::OnStream => on_stream(connection, definition).await,
    }
}

async fn send(connection: &Connection, path: &str, body: &Value) -> Result<(), RequestError> {
    connection.ask::<Value>(Method::Put, path, Some(body)).await.map(drop)
}

async fn unless_same(connection: &Connection, definition: &Definition) -> Result<bool, RequestError> {
    let found = find(connection, &definition.path).await?;
    if found.is_some_and(|found| compare::is_as_defined(&found, definition)) {
        return Ok(false);
    }
    send(connection, &definition.path, &definition.body).await?;
    Ok(true)
}

async fn if_absent(connection: &Connection, definition: &Definition) -> Result<bool, RequestError> {
    if find(connection, &definition.path).await?.is_some() {
        return Ok(false);
    }
    // Where somebody makes it in this moment, theirs stays.
    match send(connection, &format!("{}?create=true", definition.path), &definition.body).await {
        Err(RequestError::Refused { status: 400, reason, .. }) if reason.contains("already exists") => {
            Ok(false)
        }
        other => other.map(|()| true),
    }
}

async fn by_sequence(connection: &Connection, definition: &Definition) -> Result<bool, RequestError> {
    let Some(found) = find(connection, &definition.path).await? else {
        return unless_first(send(connection, &definition.path, &definition.body).await);
    };
    if compare::holds(&found, &definition.body) {
        return Ok(false);
    }
    let number = |name: &str| found[name].as_i64().unwrap_or_default();
    let (number, term) = (number("_seq_no"), number("_primary_term"));
    let path = format!("{}?if_seq_no={number}&if_primary_term={term}", definition.path);
    unless_first(send(connection, &path, &definition.body).await)?;
    // Indices that are there go by the policy as it was when they were made, until they are told.
    let stream = definition.path.rsplit('/').next().unwrap_or_default();
    let Some(path) = Left::Ism.look_at_indices(stream) else { return Ok(true) };
    let Some(explained) = find(connection, &path).await? else { return Ok(true) };
    for (path, body) in Left::renew(stream, &Left::Ism.tied(stream, &explained)) {
        match connection.ask::<Value>(Method::Post, &path, Some(&body)).await {
            Err(error) if error.status() != Some(404) => return Err(error),
            _ => {}
        }
    }
    Ok(true)
}

/// Another process that puts the same in this moment has put it.
fn unless_first(sent: Result<(), RequestError>) -> Result<bool, RequestError> {
    match sent {
        Err(error) if error.status() == Some(409) => Ok(false),
        other => other.map(|()| true),
    }
}

/// With what users override: they do so in a template, which counts for streams made from then on.
async fn on_stream(connection: &Connection, definition: &Definition) -> Result<bool, RequestError> {
    let stream = definition.path.split('/').nth(2).unwrap_or_default();
    let path = format!("/_index_template/_simulate_index/{stream}");
    let mut simulated: Value = connection.ask(Method::Post, &path, None).await?;
    let body = match simulated["template"]["lifecycle"].take() {
        Value::Object(lifecycle) => Value::Object(lifecycle),
        _ => definition.body.clone(),
    };
    let Some(found) = find(connection, &definition.path).await? else { return Ok(false) };
    if compare::same(&found["data_streams"][0]["lifecycle"], &body) {
        return Ok(false);
    }
    match connection.ask::<Value>(Method::Put, &definition.path, Some(&body)).await {
        Err(error) if error.status() == Some(404) => Ok(false),
        other => other.map(|_| true),
    }
}

async fn find(connection: &Connection, path: &str) -> Result<Option<Value>, RequestError> {
    match connection.ask(Method::Get, path, None).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The lifecycle that was asked for, or that the engine has.
pub async fn lifecycle(
    connection: &Connection,
    engine: &Engine,
    asked: Lifecycle,
) -> Result<Lifecycle, ClusterError> {
    let lifecycle = asked
        .on(engine.product, engine.version)
        .map_err(|error| ClusterError::Unsupported { reason: error.to_string() })?;
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
            Err(ClusterError::Unsupported {
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
