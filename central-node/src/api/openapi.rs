//! What central offers, for programs (`/openapi.json`) and for people (`/docs`). A test holds it against the router.

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse};
use comptoir_core::limits::{LIST_DRAFTS_MAX, WAIT_SECONDS_MAX};
use comptoir_proto::openapi::{self, DOCS_PAGE, Operation, command, document, fields_command};
use comptoir_proto::{bundle_v1, paths, pull_v1};
use serde_json::{Value, json};

static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| document("Comptoir: API of the central node", true, &operations()).to_string());

/// `GET /openapi.json`.
pub(super) async fn serve() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}

/// `GET /docs`.
pub(super) async fn docs() -> Html<&'static str> {
    Html(DOCS_PAGE)
}

fn operations() -> Vec<Operation> {
    [log(), commands(), rows(), conflicts(), sync(), devices(), standing()].concat()
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn uuid() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

fn bytes() -> Value {
    json!({ "type": "string", "format": "binary" })
}

fn get(path: &'static str, summary: &'static str) -> Operation {
    Operation::new("get", path, summary)
}

fn post(path: &'static str, summary: &'static str) -> Operation {
    Operation::new("post", path, summary)
}

fn keyed(operation: Operation) -> Operation {
    operation.header("Idempotency-Key", false, "Names the request where a draft has no id")
}

fn log() -> Vec<Operation> {
    let one_or_list = json!({ "oneOf": [openapi::schema("Draft"),
        { "type": "array", "items": openapi::schema("Draft"), "minItems": 1, "maxItems": LIST_DRAFTS_MAX }] });
    let position = json!({ "type": "integer", "minimum": 0, "maximum": i64::MAX });
    vec![
        keyed(post(paths::EVENTS, "Append one draft, a list (all or nothing), or a stream"))
            .takes(one_or_list)
            .takes_media("application/x-ndjson", text())
            .answers(200, "DecidedResponse")
            .answers_media(200, "application/x-ndjson", text()),
        get(paths::EVENTS, "The log, page by page").paged("after").answers(200, "EventPage"),
        get(paths::EVENT, "One event with its decision").answers(200, "Event"),
        get(paths::EVENTS_EXPORT, "The log as a bundle, for an auditor").query("after", position).answers_media(
            200,
            bundle_v1::CONTENT_TYPE,
            bytes(),
        ),
        get(paths::BLOB, "A file").answers_media(200, "application/octet-stream", bytes()),
        Operation::new("put", paths::BLOB, "Keep a file: a signature, a photo")
            .takes_media("application/octet-stream", bytes())
            .answers_nothing(200)
            .answers_nothing(201),
        get(paths::QUARANTINE, "What was set apart for a person").paged("after").answers(200, "EventPage"),
        post(paths::QUARANTINE_RELEASE, "Let a quarantined event take effect")
            .takes(json!({ "type": "object", "additionalProperties": false,
                "properties": { "id": uuid(), "user": text(), "reason": text() } }))
            .answers(200, "Decided"),
    ]
}

fn posts(path: &'static str, summary: &'static str, body: Value) -> Operation {
    keyed(post(path, summary)).takes(body).answers(200, "DecidedResponse")
}

fn edits(method: &'static str, path: &'static str, summary: &'static str) -> Operation {
    keyed(Operation::new(method, path, summary)).answers(200, "DecidedResponse")
}

fn seen(operation: Operation, required: bool) -> Operation {
    operation.header("If-Match", required, "The ETag of what was read")
}

fn commands() -> Vec<Operation> {
    let update = |method, path| {
        seen(edits(method, path, "Change fields: those that are not named stay"), true).takes(fields_command())
    };
    let delete = |path| seen(edits("delete", path, "Delete it"), true);
    let make = edits("put", paths::ENTITY, "Make it, or change fields of it").takes(fields_command());
    vec![
        posts(paths::SALES, "Record a sale", command("SALE_RECORDED")),
        posts(paths::REFUNDS, "Record a refund", command("SALE_REFUNDED")),
        posts(paths::RECEPTIONS, "Record goods that came in", command("GOODS_RECEIVED")),
        posts(paths::INVOICES, "Create an invoice", command("INVOICE_CREATED")),
        posts(paths::INVOICE_CANCEL, "Cancel an invoice", command("INVOICE_CANCELLED")),
        posts(paths::DELIVERIES, "Create a delivery", command("DELIVERY_CREATED")),
        posts(
            paths::DELIVERY_VALIDATE,
            "Validate a delivery: the first to do so stands",
            command("DELIVERY_VALIDATED"),
        ),
        posts(paths::CLIENTS, "Create a client", fields_command()),
        update("patch", paths::CLIENT),
        update("put", paths::CLIENT),
        delete(paths::CLIENT),
        update("patch", paths::ENTITY),
        seen(make, false).header("If-None-Match", false, "`*`: there is nothing of that name yet"),
        delete(paths::ENTITY),
    ]
}

fn patient(operation: Operation) -> Operation {
    let position = json!({ "type": "integer", "minimum": 0, "maximum": i64::MAX });
    let wait = json!({ "type": "integer", "minimum": 0, "maximum": WAIT_SECONDS_MAX });
    operation.query("min_position", position).query("wait", wait)
}

fn rows() -> Vec<Operation> {
    let list = |path, summary| patient(get(path, summary)).paged("cursor").answers(200, "RowList").answers_nothing(304);
    let one = |path, summary| patient(get(path, summary)).answers(200, "EntityRow").answers_nothing(304);
    let report = |path, summary| {
        patient(get(path, summary))
            .paged("cursor")
            .query("site", uuid())
            .query("as_of", text())
            .query("format", json!({ "enum": ["json", "csv"] }))
            .answers(200, "Report")
            .answers_media(200, "text/csv; charset=utf-8", text())
    };
    let day = json!({ "type": "string", "format": "date" });
    let by = json!({ "enum": ["day", "month", "site", "product", "country", "customer", "user", "entity"] });
    vec![
        report(paths::REPORT_SALES, "Sales")
            .query("from", day.clone())
            .query("to", day)
            .query("by", by)
            .query("currency", json!({ "type": "string", "pattern": "^[A-Z]{3}$" })),
        report(paths::REPORT_STOCK, "Stock, with its lots").query("product", text()),
        list(paths::STOCK, "Stock as it stands").query("site", uuid()).query("product", text()),
        list(paths::PRODUCTS, "Products"),
        list(paths::CLIENTS, "Clients"),
        one(paths::CLIENT, "One client"),
        list(paths::DELIVERIES, "Deliveries").query("reference", text()),
        list(paths::INVOICES, "Invoices").query("reference", text()).query("site", uuid()),
        one(paths::ENTITY, "One entity of any type"),
    ]
}

fn conflicts() -> Vec<Operation> {
    let choice = json!({ "type": "object", "required": ["choice"], "additionalProperties": false, "properties": {
        "id": uuid(), "user": text(), "choice": { "enum": ["server", "local", "merged"] }, "fields": { "type": "object" } } });
    let decides = |path, summary| seen(keyed(post(path, summary)), true).takes(choice.clone()).answers(200, "Object");
    vec![
        get(paths::CONFLICTS, "Edits that wait for a person")
            .paged("after")
            .query("type", text())
            .query("entity", text())
            .query("node", uuid())
            .query("state", json!({ "enum": ["open", "all"] }))
            .answers(200, "Object"),
        get(paths::CONFLICT, "One conflict, both sides of it").answers(200, "Object"),
        decides(paths::CONFLICT_PREVIEW, "What a choice would give"),
        decides(paths::CONFLICT_RESOLVE, "A person's choice"),
    ]
}

fn sync() -> Vec<Operation> {
    let push = json!({ "type": "object",
        "required": ["batch_id", "node", "epoch", "first_seq", "previous_chain", "records", "node_time"] });
    let natural = json!({ "type": "integer", "minimum": 0 });
    vec![
        post(paths::SYNC_PUSH, "A node's sealed records").takes(push).answers(200, "Object"),
        get(paths::SYNC_STATUS, "Where central stands with the calling node").answers(200, "Object"),
        get(paths::SYNC_PULL, "The rows that changed")
            .query("cursor", text())
            .query("limit", natural.clone())
            .query("wait", natural)
            .answers(200, "Object"),
        get(paths::SYNC_BOOTSTRAP, "The first load of a node").query("after", text()).answers_media(
            200,
            pull_v1::BOOTSTRAP_TYPE,
            bytes(),
        ),
        get(paths::NODES, "How each node stands").answers(200, "Object"),
    ]
}

fn devices() -> Vec<Operation> {
    let has = |names: &[&str]| {
        let properties: serde_json::Map<String, Value> =
            names.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
        json!({ "type": "object", "required": names, "properties": properties })
    };
    let named = |path, summary| get(path, summary).query("device_id", text());
    let natural = json!({ "type": "integer", "minimum": 1, "maximum": comptoir_core::limits::PAGE_ROWS_MAX });
    vec![
        post(paths::MOBILE_PUSH, "A phone's events")
            .takes(has(&["device_id", "batch_id", "events"]))
            .answers(200, "Object"),
        named(paths::MOBILE_PULL, "What a phone has not seen")
            .query("since", text())
            .query("limit", natural.clone())
            .answers(200, "Object"),
        named(paths::MOBILE_STATUS, "How a phone stands").answers(200, "Object"),
        named(paths::MOBILE_BOOTSTRAP, "A phone's first load")
            .query("cursor", text())
            .query("limit", natural)
            .answers(200, "Object"),
        post(paths::DESKTOP_UP, "A desktop's outbox").takes(has(&["clientId", "events"])).answers(200, "Object"),
        post(paths::DESKTOP_DOWN, "What a desktop has not seen").takes(has(&["clientId"])).answers(200, "Object"),
        post(paths::DESKTOP_RESOLVE, "A desktop user's choice")
            .takes(has(&["clientId", "outboxEventId", "acceptServerVersion"]))
            .answers(200, "Object"),
        get(paths::SYNC_LOG, "Every synchronisation, newest first")
            .paged("cursor")
            .query("client", text())
            .query("status", json!({ "enum": ["SUCCESS", "PARTIAL", "FAILED"] }))
            .answers(200, "Object"),
    ]
}

fn standing() -> Vec<Operation> {
    vec![
        get(paths::HEALTHZ, "The process lives").open().answers(200, "Object"),
        get(paths::READYZ, "The process can do its work").open().answers(200, "Object"),
        get(paths::OPENAPI, "This document").open().answers(200, "Object"),
        get(paths::DOCS, "This document for people").open().answers_media(200, "text/html; charset=utf-8", text()),
    ]
}
