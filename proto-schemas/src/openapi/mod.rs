//! OpenAPI 3.1 documents, generated from what the programs use: paths, request and response types, limits, codes and payload
//! schemas.

mod bodies;
pub mod examples;
mod operation;
mod schemas;
pub mod words;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

pub use bodies::{about, append, commands, fields_command};
pub use operation::{Credential, Operation, Server, WRITE_REFUSALS};

use crate::payload;
use schemas::Schemas;

/// The page that shows `/openapi.json` to people: it loads nothing else, so that it works in a shop without the internet.
pub const DOCS_PAGE: &str = include_str!("docs.html");

/// What a browser may do with that page: run its own script, and ask this server for the document.
pub static DOCS_POLICY: LazyLock<String> = LazyLock::new(|| {
    let script = DOCS_PAGE.split("<script>").nth(1).and_then(|rest| rest.split("</script>").next()).unwrap_or_default();
    let hash = BASE64.encode(Sha256::digest(script));
    format!(
        "default-src 'none'; script-src 'sha256-{hash}'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    )
});

/// The document of a server.
pub fn document(server: &Server, operations: &[Operation]) -> Value {
    let mut schemas = Schemas::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in operations {
        let value = operation.value(server, &mut schemas);
        paths.entry(operation.path).or_default().insert(operation.method.to_owned(), value);
    }
    let mut components = json!({ "schemas": schemas.into_components() });
    for (action, version) in payload::actions() {
        components["schemas"][format!("payload.{action}.v{version}")] = bodies::payload_schema(action, version);
    }
    for (name, scheme) in server.credentials.iter().map(Credential::scheme) {
        components["securitySchemes"][name] = scheme;
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": server.title, "version": env!("CARGO_PKG_VERSION"), "description": ABOUT },
        "paths": paths,
        "components": components,
    })
}

const ABOUT: &str = "An answer has the members that its schema names and no others: that holds for this version. A later one may add some, so a \
    client passes over what it does not know. Every refusal is a problem (RFC 9457) with one of the codes that its operation lists.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_v1::{AppendResponse, LineResult};

    const SERVER: Server = Server { title: "test", credentials: &[Credential::bearer("A key.")], refusals: &[] };

    fn operations() -> Vec<Operation> {
        let mut operations = commands::<AppendResponse>();
        operations.push(append::<AppendResponse, LineResult>());
        operations
    }

    #[test]
    fn every_reference_of_a_document_leads_somewhere() {
        let document = document(&SERVER, &operations());
        follow(&document, &document);
        assert!(document["components"]["schemas"]["payload.SALE_RECORDED.v1"].is_object());
    }

    #[test]
    fn an_example_of_a_body_fits_its_own_schema() {
        let document = document(&SERVER, &operations());
        let mut examples = 0;
        for (path, method) in document["paths"].as_object().into_iter().flatten() {
            for (name, operation) in method.as_object().into_iter().flatten() {
                let content = &operation["requestBody"]["content"]["application/json"];
                let Some(example) = content.get("example") else { continue };
                let mut schema = content["schema"].clone();
                schema["components"] = document["components"].clone();
                let validator = jsonschema::validator_for(&schema).expect("a schema");
                let wrong = validator.iter_errors(example).map(|error| error.to_string()).collect::<Vec<_>>();
                assert!(wrong.is_empty(), "{name} {path}: {wrong:?}");
                examples += 1;
            }
        }
        assert!(examples >= 9, "{examples}");
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
