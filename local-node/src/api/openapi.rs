//! What this node offers, for programs (`/openapi.json`) and for people (`/docs`). A test holds it against the router.

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse};
use comptoir_proto::openapi::{self, DOCS_PAGE, Operation, command, document, fields_command};
use comptoir_proto::paths;
use serde_json::{Value, json};

static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| document("Comptoir: API of a local node", false, &operations()).to_string());

/// `GET /openapi.json`.
pub(super) async fn serve() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}

/// `GET /docs`.
pub(super) async fn docs() -> Html<&'static str> {
    Html(DOCS_PAGE)
}

/// Every operation of the router.
pub(super) fn operations() -> Vec<Operation> {
    [log(), commands(), rows(), drafts(), standing()].concat()
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn get(path: &'static str, summary: &'static str) -> Operation {
    Operation::new("get", path, summary)
}

fn log() -> Vec<Operation> {
    let one_or_list = json!({ "oneOf": [openapi::schema("Draft"),
        { "type": "array", "items": openapi::schema("Draft"), "minItems": 1, "maxItems": comptoir_core::limits::LIST_DRAFTS_MAX }] });
    let bytes = json!({ "type": "string", "format": "binary" });
    vec![
        keyed(Operation::new("post", paths::EVENTS, "Append one draft, a list (all or nothing), or a stream"))
            .takes(one_or_list)
            .takes_media("application/x-ndjson", text())
            .answers(200, "AppendResponse")
            .answers_media(200, "application/x-ndjson", text()),
        get(paths::EVENTS, "The log, page by page").paged("after").answers(200, "EventPage"),
        get(paths::EVENT, "One event, with what central decided").answers(200, "Event"),
        get(paths::EVENTS_EXPORT, "The log as a bundle, for an auditor").answers_media(
            200,
            comptoir_proto::bundle_v1::CONTENT_TYPE,
            bytes.clone(),
        ),
        get(paths::BLOB, "A file").answers_media(200, "application/octet-stream", bytes.clone()),
        Operation::new("put", paths::BLOB, "Keep a file: a signature, a photo")
            .takes_media("application/octet-stream", bytes)
            .answers(200, "Object")
            .answers(201, "Object"),
    ]
}

fn keyed(operation: Operation) -> Operation {
    operation.header("Idempotency-Key", false, "Names the request where a draft has no id")
}

fn posts(path: &'static str, summary: &'static str, body: Value) -> Operation {
    keyed(Operation::new("post", path, summary)).takes(body).answers(200, "AppendResponse")
}

fn edits(method: &'static str, summary: &'static str) -> Operation {
    keyed(Operation::new(method, paths::CLIENT, summary))
        .header("If-Match", true, "The ETag of what was read")
        .answers(200, "AppendResponse")
}

fn commands() -> Vec<Operation> {
    vec![
        posts(paths::SALES, "Record a sale", command("SALE_RECORDED")),
        posts(paths::REFUNDS, "Record a refund", command("SALE_REFUNDED")),
        posts(paths::RECEPTIONS, "Record goods that came in", command("GOODS_RECEIVED")),
        posts(paths::INVOICES, "Create an invoice", command("INVOICE_CREATED")),
        posts(paths::INVOICE_CANCEL, "Cancel an invoice", command("INVOICE_CANCELLED")),
        posts(
            paths::DELIVERY_VALIDATE,
            "Validate a delivery: the first to do so stands",
            command("DELIVERY_VALIDATED"),
        ),
        posts(paths::CLIENTS, "Create a client", fields_command()),
        edits("patch", "Change fields of a client").takes(fields_command()),
        edits("put", "The same as PATCH: fields that are not named stay").takes(fields_command()),
        edits("delete", "Delete a client"),
    ]
}

fn rows() -> Vec<Operation> {
    let list = |path, summary| get(path, summary).paged("cursor").answers(200, "RowList").answers_nothing(304);
    let one = |path, summary| get(path, summary).answers(200, "EntityRow").answers_nothing(304);
    vec![
        list(paths::PRODUCTS, "Products"),
        list(paths::CLIENTS, "Clients"),
        one(paths::CLIENT, "One client"),
        list(paths::DELIVERIES, "Deliveries")
            .query("reference", text())
            .query("validated", json!({ "type": "boolean" })),
        list(paths::INVOICES, "Invoices").query("reference", text()),
        list(paths::STOCK, "Stock: central's figures, and what waits here")
            .query("site", json!({ "type": "string", "format": "uuid" }))
            .query("product", text()),
        one(paths::ENTITY, "One entity of any type"),
    ]
}

fn drafts() -> Vec<Operation> {
    let name = json!({ "type": "string", "minLength": 1, "maxLength": 64 });
    let body = json!({ "type": "object", "required": ["entity_type", "action"], "properties": { "entity_type": name, "action": name } });
    vec![
        get(paths::DRAFTS, "What is being typed").paged("cursor").answers(200, "RowList"),
        get(paths::DRAFT, "One draft").answers(200, "TypedDraft"),
        Operation::new("put", paths::DRAFT, "Save a draft, whole")
            .takes(body)
            .answers(200, "TypedDraft")
            .answers(201, "TypedDraft"),
        Operation::new("delete", paths::DRAFT, "Throw a draft away").answers_nothing(204),
        Operation::new("post", paths::DRAFT_SUBMIT, "The draft becomes an event, once").answers(200, "AppendResponse"),
        get(paths::NOTIFICATIONS, "What a person should hear")
            .paged("cursor")
            .query("unseen", json!({ "type": "boolean" }))
            .answers(200, "RowList"),
        Operation::new("post", paths::NOTIFICATION_SEEN, "A person has seen it").answers(200, "Notification"),
    ]
}

fn standing() -> Vec<Operation> {
    vec![
        get(paths::QUEUE, "What waits to be sent").answers(200, "Queue"),
        get(paths::STATUS, "How the node stands").answers(200, "NodeStatus"),
        get(paths::STREAM, "What changes, as it changes").answers_media(200, "text/event-stream", text()),
        get(paths::HEALTHZ, "The process lives").answers(200, "Object"),
        get(paths::READYZ, "The process can do its work").answers(200, "Object"),
        get(paths::OPENAPI, "This document").answers(200, "Object"),
        get(paths::DOCS, "This document for people").answers_media(200, "text/html; charset=utf-8", text()),
    ]
}
