//! The request bodies of writing operations: drafts, and the typed commands that build them. Both servers accept and describe the
//! same.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::operation::{Operation, WRITE_REFUSALS};
use crate::api_v1::DraftDto;
use crate::commands_v1::ShopCommand;
use crate::error_code::ErrorCode;
use crate::{paths, payload};
use comptoir_core::limits::LIST_DRAFTS_MAX;

/// A schema file as a schema within the document.
pub(super) fn payload_schema(action: &str, version: u16) -> Value {
    let mut schema: Value = serde_json::from_str(payload::schema(action, version).unwrap_or("{}")).unwrap_or_default();
    if let Some(members) = schema.as_object_mut() {
        members.remove("$schema");
        members.remove("$id");
    }
    schema
}

/// `POST /api/v1/events`; `R` is the answer, `L` a line of the answer to a stream.
pub fn append<R: JsonSchema, L: JsonSchema>() -> Operation {
    let one = json!({ "$ref": "#/components/schemas/Draft" });
    let list = json!({ "type": "array", "items": one, "minItems": 1, "maxItems": LIST_DRAFTS_MAX });
    let lines = |what: &str| json!({ "type": "string", "description": what });
    Operation::new("post", paths::EVENTS, "Append one draft, a list (all or nothing), or a stream")
        .keyed()
        .mentions::<DraftDto>(true)
        .mentions::<L>(false)
        .takes_given("application/json", json!({ "oneOf": [one, list] }))
        .takes_given("application/x-ndjson", lines("A `Draft` on each line."))
        .like(json!({ "id": "0199a8f0-0000-7000-8000-000000000001", "entity_type": "CLIENT", "entity_id": "c-77",
            "action": "CREATE", "payload": { "name": "Dupont" } }))
        .answers::<R>(200)
        .answers_given(200, "application/x-ndjson", lines("A `LineResult` on each line, in the order of the drafts."))
        .refuses(&WRITE_REFUSALS)
        .refuses(&[ErrorCode::BatchRejected])
}

/// The typed commands of both servers; `R` is the answer.
pub fn commands<R: JsonSchema>() -> Vec<Operation> {
    let line = json!({ "product": "85123A", "quantity": "2", "unit_price": "2.55" });
    let sale = json!({ "currency": "EUR", "total_minor": 510, "lines": [line] });
    let with = |body: &Value, name: &str, value: Value| {
        let mut body = body.clone();
        body[name] = value;
        body
    };
    let fields = json!({ "fields": { "name": "Dupont", "city": "Lyon" } });
    let client = |method, summary, command| about::<R>(method, paths::CLIENT, summary, command).seen();
    vec![
        about::<R>("post", paths::SALES, "Record a sale", ShopCommand::RecordSale).like(sale.clone()),
        about::<R>("post", paths::REFUNDS, "Record a refund", ShopCommand::RefundSale).like(with(
            &sale,
            "original",
            "S-1".into(),
        )),
        about::<R>("post", paths::RECEPTIONS, "Record goods that came in", ShopCommand::ReceiveGoods).like(
            json!({ "currency": "EUR", "lines": [{ "product": "85123A", "quantity": "6", "unit_cost": "1.25" }] }),
        ),
        about::<R>("post", paths::INVOICES, "Create an invoice", ShopCommand::CreateInvoice).like(with(
            &sale,
            "client",
            "c-1".into(),
        )),
        about::<R>("post", paths::INVOICE_CANCEL, "Cancel an invoice", ShopCommand::CancelInvoice)
            .like(json!({ "reason": "made twice" })),
        about::<R>(
            "post",
            paths::DELIVERY_VALIDATE,
            "Validate a delivery: the first validation wins",
            ShopCommand::ValidateDelivery,
        )
        .like(json!({ "qr": "qr-1", "validated_at": "2026-01-05T09:00:00Z" })),
        about::<R>("post", paths::CLIENTS, "Create a client", ShopCommand::CreateEntity).like(fields.clone()),
        client("patch", "Change fields of a client", ShopCommand::UpdateEntity).like(fields.clone()),
        client("put", "The same as PATCH: fields that are not named stay", ShopCommand::UpdateEntity).like(fields),
        client("delete", "Delete a client", ShopCommand::DeleteEntity).or_nothing().like(json!({ "user": "u-12" })),
    ]
}

/// One typed command.
pub fn about<R: JsonSchema>(
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    command: ShopCommand,
) -> Operation {
    Operation::new(method, path, summary)
        .keyed()
        .takes_given("application/json", command_schema(command))
        .answers::<R>(200)
        .refuses(&WRITE_REFUSALS)
}

/// The body of a typed command: the members of its action's payload and those of every draft.
fn command_schema(command: ShopCommand) -> Value {
    if command.has_fields() {
        return fields_command();
    }
    let (_, action) = command.entity_type_and_action();
    let mut schema = payload_schema(action, command.schema_version().unwrap_or(1));
    if command == ShopCommand::CancelInvoice {
        // The path names it.
        without(&mut schema, "invoice");
    }
    for (name, property) in draft_members() {
        schema["properties"][name] = property;
    }
    schema
}

fn without(schema: &mut Value, name: &str) {
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.remove(name);
    }
    if let Some(required) = schema["required"].as_array_mut() {
        required.retain(|required| required != name);
    }
}

/// The body of a command about an entity with free field names.
pub fn fields_command() -> Value {
    let mut properties = draft_members();
    properties.insert("fields".to_owned(), payload_schema("UPDATE", 1));
    json!({ "type": "object", "properties": properties, "required": ["fields"], "additionalProperties": false })
}

/// The members that a command's body shares with a draft.
fn draft_members() -> Map<String, Value> {
    let generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let mut members = match generator.into_root_schema_for::<DraftDto>().to_value()["properties"].take() {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    // The ETag of a command's edit is in the header.
    for of_the_command in ["entity_type", "action", "payload", "if_match"] {
        members.remove(of_the_command);
    }
    members
}
