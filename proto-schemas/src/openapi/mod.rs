//! OpenAPI 3.1 documents, made from the paths, limits, codes and payload schemas that the programs themselves use.

mod page;

use std::collections::BTreeMap;

use comptoir_core::limits::PAGE_ROWS_MAX;
use serde_json::{Map, Value, json};

use crate::error_code::ErrorCode;
use crate::{payload, problem};

pub use page::DOCS_PAGE;

/// One method of one path.
#[derive(Clone, Debug)]
pub struct Operation {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    open: bool,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: BTreeMap<String, Value>,
}

/// What reads may be refused with.
const READ_STATUSES: [u16; 9] = [400, 401, 403, 404, 405, 410, 422, 500, 503];
/// What writes may be refused with besides.
const WRITE_STATUSES: [u16; 7] = [408, 409, 412, 413, 415, 428, 507];

/// A reference to a schema of the document.
pub fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

impl Operation {
    /// A method in small letters, a path of [`crate::paths`], and what it does.
    pub fn new(method: &'static str, path: &'static str, summary: &'static str) -> Operation {
        let (parameters, answers) = (path_parameters(path), BTreeMap::new());
        Operation { method, path, summary, open: false, parameters, body: None, answers }
    }

    /// The method and the path.
    pub fn route(&self) -> (&'static str, &'static str) {
        (self.method, self.path)
    }

    /// It needs no credential.
    #[must_use]
    pub fn open(mut self) -> Operation {
        self.open = true;
        self
    }

    /// An optional query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, schema: Value) -> Operation {
        self.parameters.push(json!({ "name": name, "in": "query", "schema": schema }));
        self
    }

    /// `limit` and a cursor of that name.
    #[must_use]
    pub fn paged(self, cursor: &str) -> Operation {
        let limit = json!({ "type": "integer", "minimum": 1, "maximum": PAGE_ROWS_MAX });
        self.query("limit", limit).query(cursor, json!({ "type": "string" }))
    }

    /// A header.
    #[must_use]
    pub fn header(mut self, name: &str, required: bool, what: &str) -> Operation {
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255 });
        let header =
            json!({ "name": name, "in": "header", "required": required, "schema": schema, "description": what });
        self.parameters.push(header);
        self
    }

    /// A JSON body.
    #[must_use]
    pub fn takes(self, schema: Value) -> Operation {
        self.takes_media("application/json", schema)
    }

    /// A body of another type, beside what it takes already.
    #[must_use]
    pub fn takes_media(mut self, media: &str, schema: Value) -> Operation {
        let body = self.body.get_or_insert_with(|| json!({ "required": true, "content": {} }));
        body["content"][media] = json!({ "schema": schema });
        self
    }

    /// What it answers in JSON when all is well.
    #[must_use]
    pub fn answers(self, status: u16, name: &str) -> Operation {
        self.answers_media(status, "application/json", schema(name))
    }

    /// What it answers in another type.
    #[must_use]
    pub fn answers_media(mut self, status: u16, media: &str, schema: Value) -> Operation {
        let answer =
            self.answers.entry(status.to_string()).or_insert_with(|| json!({ "description": "Done", "content": {} }));
        answer["content"][media] = json!({ "schema": schema });
        self
    }

    /// An answer without a body.
    #[must_use]
    pub fn answers_nothing(mut self, status: u16) -> Operation {
        self.answers.insert(status.to_string(), json!({ "description": "Done; no body" }));
        self
    }

    fn value(&self, secured: bool) -> Value {
        let writes = self.method != "get";
        let statuses = READ_STATUSES.iter().chain(WRITE_STATUSES.iter().filter(|_| writes));
        let mut responses = self.answers.clone();
        for status in statuses {
            let response = json!({ "$ref": format!("#/components/responses/Problem{status}") });
            responses.entry(status.to_string()).or_insert(response);
        }
        let mut value = json!({ "summary": self.summary, "parameters": self.parameters, "responses": responses });
        if let Some(body) = &self.body {
            value["requestBody"] = body.clone();
        }
        if secured && !self.open {
            value["security"] = json!([{ "bearer": [] }]);
        }
        value
    }
}

fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let parameter = |name: &str| {
        let schema = match name {
            "hash" => json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }),
            _ => json!({ "type": "string", "minLength": 1, "maxLength": 64 }),
        };
        json!({ "name": name, "in": "path", "required": true, "schema": schema })
    };
    names.map(parameter).collect()
}

/// The body of a typed command: the members of its action's payload beside those that every draft has.
pub fn command(action: &str) -> Value {
    let mut schema = own(payload::schema(action, 1).unwrap_or("{}"));
    for (name, property) in draft_members() {
        schema["properties"][name] = property;
    }
    schema
}

/// The body of a command about an entity whose fields have names of their own.
pub fn fields_command() -> Value {
    let mut properties = draft_members();
    properties.insert("fields".to_owned(), json!({ "type": "object" }));
    json!({ "type": "object", "properties": properties, "required": ["fields"], "additionalProperties": false })
}

/// A draft of any action.
pub fn draft() -> Value {
    let mut properties = draft_members();
    for name in ["entity_type", "action"] {
        properties.insert(name.to_owned(), json!({ "type": "string", "minLength": 1, "maxLength": 64 }));
    }
    let if_match = "Of UPDATE and DELETE: the entity's ETag as reading gave it; in place of base_version";
    properties.insert("if_match".to_owned(), json!({ "type": "string", "description": if_match }));
    properties.insert("payload".to_owned(), json!({ "description": "By action: payload.ACTION.vN" }));
    let required = ["entity_type", "entity_id", "action", "payload"];
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn draft_members() -> Map<String, Value> {
    let (uuid, name) =
        (json!({ "type": "string", "format": "uuid" }), json!({ "type": "string", "minLength": 1, "maxLength": 64 }));
    let natural = |max: u64| json!({ "type": "integer", "minimum": 0, "maximum": max });
    let members = [
        ("id", uuid.clone()),
        ("entity_id", name.clone()),
        ("user", name),
        ("occurred_at", json!({ "type": "string", "format": "date-time" })),
        ("base_version", natural(i64::MAX.unsigned_abs())),
        ("causation", uuid.clone()),
        ("correlation", uuid),
        ("schema_version", natural(u64::from(u16::MAX))),
    ];
    members.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// A schema file as a schema within the document.
fn own(text: &str) -> Value {
    let mut schema: Value = serde_json::from_str(text).unwrap_or_default();
    if let Some(members) = schema.as_object_mut() {
        members.remove("$schema");
        members.remove("$id");
    }
    schema
}

/// The document of a server; `secured` where a credential is needed.
pub fn document(title: &str, secured: bool, operations: &[Operation]) -> Value {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in operations {
        paths.entry(operation.path).or_default().insert(operation.method.to_owned(), operation.value(secured));
    }
    let mut schemas: BTreeMap<String, Value> = serde_json::from_str(include_str!("schemas.json")).unwrap_or_default();
    schemas.insert("Draft".to_owned(), draft());
    for (action, version) in payload::actions() {
        let text = payload::schema(action, version).unwrap_or("{}");
        schemas.insert(format!("payload.{action}.v{version}"), own(text));
    }
    let mut components = json!({ "schemas": schemas, "responses": problems() });
    if secured {
        components["securitySchemes"] = json!({ "bearer": { "type": "http", "scheme": "bearer",
            "description": "A node's API key, or an administrator's token." } });
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": title, "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": components,
    })
}

/// A response for each status that a code has, with its codes.
fn problems() -> BTreeMap<String, Value> {
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in ErrorCode::ALL {
        by_status.entry(code.status()).or_default().push(code);
    }
    let response = |(status, codes): (u16, Vec<ErrorCode>)| {
        let words: Vec<String> = codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.title())).collect();
        let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
        let with_code = json!({ "allOf": [schema("Problem"), { "properties": { "code": { "enum": names } } }] });
        let content = json!({ problem::CONTENT_TYPE: { "schema": with_code } });
        (format!("Problem{status}"), json!({ "description": words.join("; "), "content": content }))
    };
    by_status.into_iter().map(response).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_of_a_document_leads_somewhere() {
        let operations = [Operation::new("post", crate::paths::EVENTS, "Append")
            .takes(schema("Draft"))
            .answers(200, "AppendResponse")];
        let document = document("test", true, &operations);
        follow(&document, &document);
        assert!(document["components"]["schemas"]["payload.SALE_RECORDED.v1"].is_object());
    }

    fn follow(document: &Value, value: &Value) {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target} leads nowhere");
        }
        match value {
            Value::Object(members) => members.values().for_each(|member| follow(document, member)),
            Value::Array(items) => items.iter().for_each(|item| follow(document, item)),
            _ => {}
        }
    }
}
