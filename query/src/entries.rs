//! Entries on their way out, exactly as they were stored.

use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

/// An entry in its stored form, which goes into answers byte for byte.
#[derive(Debug, Clone)]
pub(crate) struct Entry(pub(crate) Bytes);

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_slice(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl PartialSchema for Entry {
    fn schema() -> RefOr<Schema> {
        let text =
            |description: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(description));
        let time = |description: &str| {
            text(description).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        };
        let id = text("Made once, at acceptance.").format(Some(SchemaFormat::Custom("uuid".to_owned())));
        let names = utoipa::openapi::ArrayBuilder::new()
            .items(ObjectBuilder::new().schema_type(Type::String))
            .description(Some("Fields that are searched by their first 8 KiB only."))
            .build();
        let metadata = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Object))
            .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(true)))
            .description(Some("Anything else that was sent."))
            .build();
        ObjectBuilder::new()
            .description(Some("A log entry. Fields are absent where the sender gave none."))
            .property("id", id)
            .required("id")
            .property("receivedAt", time("When the ingestor accepted it."))
            .required("receivedAt")
            .property("timestamp", time("When it happened, in UTC."))
            .required("timestamp")
            .property(
                "level",
                text("`trace debug info warn error fatal`, or any other as it was sent, lower-cased."),
            )
            .property("message", text("What happened."))
            .required("message")
            .property("resourceId", text("What it happened to."))
            .property("traceId", text("The trace it belongs to."))
            .property("spanId", text("The span it belongs to."))
            .property("commit", text("The version of the program."))
            .property("metadata", metadata)
            .property("truncated", names)
            .into()
    }
}

impl ToSchema for Entry {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_written_as_it_is_stored() {
        let stored = r#"{"id":"x","message":"a\u0000 é","metadata":{"n":1e999,"big":18446744073709551616,"b":1,"a":2.50}}"#;
        let text = serde_json::to_string(&[Entry(Bytes::from_static(stored.as_bytes()))]).unwrap();
        assert_eq!(text, format!("[{stored}]"));
        assert!(serde_json::to_string(&Entry(Bytes::from_static(b"{"))).is_err());
    }
}
