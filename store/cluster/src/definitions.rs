//! All definitions of a pipeline, put with the most that the engine takes.

use logpipeline_model::elasticsearch::{Classes, Features, Layout, definitions};

use crate::leave::leave;
use crate::{Connection, Engine, RequestError, put};

/// What applying the definitions came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub features: Features,
    /// Paths of what was missing, or was not as it is defined, and has been put; and of what an earlier lifecycle left,
    /// and has been taken back.
    pub changed: Vec<String>,
}

/// Puts what differs, takes back what another lifecycle left, and changes nothing where there is neither. The lifecycle of `layout` is one that the engine has;
/// `logsdb` asks for that index mode where the engine has it.
pub async fn apply(
    connection: &Connection,
    engine: &Engine,
    classes: &Classes,
    layout: &Layout,
    logsdb: bool,
) -> Result<Applied, RequestError> {
    let mut features = Features::of(engine.product, engine.version);
    features.logsdb &= logsdb;
    loop {
        match put_all(connection, classes, layout, &features).await {
            Ok(mut changed) => {
                // Once the templates tie no new index to it.
                changed.extend(leave(connection, engine, classes, layout.lifecycle).await?);
                return Ok(Applied { features, changed });
            }
            // The type belongs to a module that some distributions leave out.
            Err(RequestError::Refused { status: 400, reason, .. })
                if features.wildcard && reason.contains("wildcard") =>
            {
                features.wildcard = false;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn put_all(
    connection: &Connection,
    classes: &Classes,
    layout: &Layout,
    features: &Features,
) -> Result<Vec<String>, RequestError> {
    let mut changed = Vec::new();
    for definition in definitions(classes, features, layout) {
        if put(connection, &definition).await? {
            changed.push(definition.path);
        }
    }
    Ok(changed)
}
