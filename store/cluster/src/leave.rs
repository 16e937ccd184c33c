//! Takes back what an earlier choice of lifecycle left in an engine, which would go on removing entries by it.

use elasticsearch::http::Method;
use logpipeline_model::elasticsearch::{Classes, Left, Lifecycle, Undo, untied};
use serde_json::Value;

use crate::{Connection, Engine, RequestError, put};

/// Paths of what was there, and is taken back. One request for each lifecycle that there may be, where none is.
pub(crate) async fn leave(
    connection: &Connection,
    engine: &Engine,
    classes: &Classes,
    lifecycle: Lifecycle,
) -> Result<Vec<String>, RequestError> {
    let mut undone = Vec::new();
    for left in Left::of(engine.product, engine.version, lifecycle) {
        match look(connection, &left.look(classes)).await? {
            Look::Found(found) => {
                for stream in left.streams(classes, &found) {
                    if classes.iter().all(|class| classes.stream(class) != stream) {
                        put(connection, &untied(&stream)).await?;
                    }
                    let policy = left.remove(&stream);
                    of_stream(connection, left, &stream, policy, &mut undone).await?;
                }
            }
            Look::Nothing => {}
            // Who may not look at policies may still see which indices they hold for, and take those out.
            Look::Forbidden(reason) => {
                tracing::info!(?left, reason, "not allowed to look for what an earlier lifecycle left");
                for class in classes.iter().filter(|_| left != Left::DataStream) {
                    of_stream(connection, left, &classes.stream(class), None, &mut undone).await?;
                }
            }
        }
    }
    Ok(undone)
}

async fn of_stream(
    connection: &Connection,
    left: Left,
    stream: &str,
    policy: Option<Undo>,
    undone: &mut Vec<String>,
) -> Result<(), RequestError> {
    let mut tied = Vec::new();
    if let Some(path) = left.look_at_indices(stream) {
        if let Look::Found(found) = look(connection, &path).await? {
            tied = left.tied(stream, &found);
        }
    } else if is_of_users(connection, stream).await? {
        return Ok(());
    }
    for step in left.untie(stream, &tied).iter().chain(&policy) {
        match undo(connection, step).await? {
            Undone::Done(path) => undone.push(path),
            Undone::NotThere => {}
            // The policy stays, so that this is tried again.
            Undone::Refused(reason) => {
                tracing::warn!(stream, reason, "an earlier lifecycle cannot be left, and may remove entries");
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Whether users gave the stream the lifecycle that it has, by what the templates say without ours.
async fn is_of_users(connection: &Connection, stream: &str) -> Result<bool, RequestError> {
    let path = format!("/_index_template/_simulate_index/{stream}");
    let simulated: Value = connection.ask(Method::Post, &path, None).await?;
    Ok(simulated["template"]["lifecycle"].is_object())
}

enum Look {
    Found(Value),
    Nothing,
    Forbidden(String),
}

async fn look(connection: &Connection, path: &str) -> Result<Look, RequestError> {
    match connection.ask(Method::Get, path, None).await {
        Ok(found) => Ok(Look::Found(found)),
        Err(RequestError::Refused { status: 404 | 405, .. }) => Ok(Look::Nothing),
        Err(RequestError::Refused { status: 400, reason, .. }) if is_missing(&reason) => Ok(Look::Nothing),
        Err(error @ RequestError::Refused { status: 403, .. }) if !error.is_transient() => {
            Ok(Look::Forbidden(error.to_string()))
        }
        Err(error) => Err(error),
    }
}

enum Undone {
    Done(String),
    NotThere,
    Refused(String),
}

async fn undo(connection: &Connection, step: &Undo) -> Result<Undone, RequestError> {
    let (method, path) = match step {
        Undo::Post(path) => (Method::Post, path),
        Undo::Delete(path) => (Method::Delete, path),
    };
    match connection.ask::<Value>(method, path, None).await {
        Ok(answer) if answer["has_failures"] == true || answer["failures"] == true => {
            Ok(Undone::Refused(answer.to_string()))
        }
        Ok(_) => Ok(Undone::Done(path.clone())),
        Err(RequestError::Refused { status: 404, .. }) => Ok(Undone::NotThere),
        Err(RequestError::Refused { status: 400, reason, .. }) if is_missing(&reason) => Ok(Undone::NotThere),
        Err(error @ RequestError::Refused { .. }) if !error.is_transient() => {
            Ok(Undone::Refused(error.to_string()))
        }
        Err(error) => Err(error),
    }
}

/// The server was built without the module.
fn is_missing(reason: &str) -> bool {
    reason.contains("no handler found")
}
