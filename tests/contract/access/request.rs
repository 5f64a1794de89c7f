//! A request for an operation, as its OpenAPI document describes it: with its example as the body, about a place.

use std::sync::atomic::{AtomicU64, Ordering};

use comptoir_proto::paths;
use comptoir_tests::contract::{Endpoint, Reply};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Names;
use super::callers::Caller;
use super::places::Place;

/// An operation of a document.
pub(super) struct Operation {
    pub(super) method: String,
    pub(super) path: String,
    description: Value,
}

/// A request that a caller sends.
pub(super) struct Request {
    method: String,
    target: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// The operations of a server's document, in its order; those that take something away come last.
pub(super) async fn operations(server: &Endpoint) -> Vec<Operation> {
    let document = server.send("GET", paths::OPENAPI, &[], "").await.json();
    let paths = document["paths"].as_object().expect("a document has paths");
    let mut operations: Vec<Operation> = paths
        .iter()
        .flat_map(|(path, methods)| methods.as_object().into_iter().flatten().map(move |method| (path, method)))
        .map(|(path, (method, description))| Operation {
            method: method.to_uppercase(),
            path: path.clone(),
            description: description.clone(),
        })
        .collect();
    operations.sort_by_key(|operation| [paths::USER_ERASE, paths::DEVICE_REVOKE].contains(&operation.path.as_str()));
    operations
}

impl Operation {
    /// As the matrix names it.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method.to_lowercase(), self.path)
    }

    pub(super) fn reads(&self) -> bool {
        self.method == "GET" || self.path == paths::DESKTOP_DOWN
    }

    fn has_parameter(&self, place: &str, name: &str) -> bool {
        let parameters = self.description["parameters"].as_array().into_iter().flatten();
        parameters.into_iter().any(|parameter| parameter["in"] == place && parameter["name"] == name)
    }

    /// How a request of this operation can name a place.
    pub(super) fn names(&self) -> Names {
        match self.path.as_str() {
            paths::CLIENT | paths::ENTITY | paths::DELIVERY_VALIDATE | paths::BLOB => Names::BySharedId,
            // Neither do entities made of fields, as a list.
            paths::ENTITIES => Names::Nothing,
            path if path.contains('{') => Names::BySiteId,
            paths::SYNC_PUSH => Names::BySiteId,
            path if is_of_a_device(path) => Names::ByDevice,
            // Deliveries belong to no site.
            paths::DELIVERIES if self.reads() => Names::Nothing,
            _ if self.has_parameter("query", "site") => Names::BySite,
            paths::USERS if !self.reads() => Names::BySite,
            _ if self.records() => Names::BySite,
            _ => Names::Nothing,
        }
    }

    /// Whether it records an event of the site that the header `Comptoir-Site` names.
    pub(super) fn records(&self) -> bool {
        let is_recorded = matches!(
            self.path.as_str(),
            paths::EVENTS
                | paths::SALES
                | paths::REFUNDS
                | paths::RECEPTIONS
                | paths::INVOICES
                | paths::DELIVERIES
                | paths::CLIENTS
        );
        is_recorded && !self.reads()
    }

    /// Whether a caller's request can be about another tenant. Devices are named within a tenant; only the events of a
    /// desktop name theirs.
    pub(super) fn can_name_a_tenant(&self) -> bool {
        self.names() != Names::ByDevice || self.path == paths::DESKTOP_UP
    }

    /// The request of a caller about a place. `id_of_nothing`: with ids that nobody has.
    pub(super) fn about(&self, place: &Place, caller: &Caller, id_of_nothing: bool) -> Request {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut headers = Vec::new();
        if self.has_parameter("header", "Idempotency-Key") {
            headers.push(("idempotency-key", format!("access-{number}")));
        }
        if self.has_parameter("header", "If-Match") {
            headers.push(("if-match", "\"1\"".to_owned()));
        }
        let content = &self.description["requestBody"]["content"];
        let body = match &content["application/json"] {
            Value::Null if content.is_null() => Vec::new(),
            Value::Null if id_of_nothing => b"nothing".to_vec(),
            Value::Null => place.bound("signature").into_bytes(),
            json => self.body(json["example"].clone(), place, caller, number).to_string().into_bytes(),
        };
        let media = if content["application/json"].is_null() { "application/octet-stream" } else { "application/json" };
        if !body.is_empty() {
            headers.push(("content-type", media.to_owned()));
        }
        if self.records() {
            headers.push(("comptoir-site", place.site.to_string()));
        }
        let target =
            format!("{}{}", self.place_in_path(place, caller.number, id_of_nothing), self.query(place, caller));
        Request { method: self.method.clone(), target, headers, body }
    }

    fn place_in_path(&self, place: &Place, caller: usize, id_of_nothing: bool) -> String {
        let bound = |what: &str| if id_of_nothing { "bound-nothing".to_owned() } else { place.bound(what) };
        let shared = |what: &str| if id_of_nothing { "shared-nothing".to_owned() } else { place.shared(what) };
        let uuid = |id: &str| if id_of_nothing { Uuid::from_u128(7).to_string() } else { id.to_owned() };
        let id = match self.path.as_str() {
            paths::CLIENT => shared("client"),
            paths::ENTITY => shared("pupil"),
            paths::DELIVERY_VALIDATE => shared("delivery"),
            paths::INVOICE_CANCEL => bound("invoice"),
            paths::EVENT => uuid(&place.sale),
            paths::DEVICE | paths::DEVICE_REVOKE => uuid(&place.phone()),
            paths::NODE_CERTIFICATE => uuid(&place.node.to_string()),
            _ => uuid(&place.users[caller]),
        };
        let event = if self.path == paths::QUARANTINE_RELEASE { &place.quarantined } else { &place.conflict };
        let hash = if id_of_nothing { blake3::hash(b"nothing").to_string() } else { place.file.clone() };
        let path = self.path.replace("{type}", "STUDENT").replace("{hash}", &hash);
        path.replace("{event_id}", &uuid(event)).replace("{id}", &id)
    }

    fn query(&self, place: &Place, caller: &Caller) -> String {
        match self.path.as_str() {
            paths::MOBILE_PULL | paths::MOBILE_BOOTSTRAP | paths::MOBILE_STATUS => {
                format!("?device_id={}", caller.device_of(place.name, "phone"))
            }
            paths::SYNC_PULL => "?wait=0&limit=1000".to_owned(),
            paths::EVENTS if self.reads() => "?limit=1000".to_owned(),
            paths::REPORT_SALES => format!("?by=product&site={}", place.site),
            _ if self.reads() && self.names() == Names::BySite && self.method == "GET" => {
                format!("?site={}", place.site)
            }
            _ => String::new(),
        }
    }

    /// The example, about the place.
    fn body(&self, mut body: Value, place: &Place, caller: &Caller, number: u64) -> Value {
        let device = |kind: &str| caller.device_of(place.name, kind);
        match self.path.as_str() {
            paths::EVENTS => body["id"] = json!(Uuid::now_v7()),
            paths::USERS => {
                body = json!({ "login": format!("new-{number}"), "name": "A person",
                    "roles": [{ "role": "cashier", "site": place.site.uuid() }] });
            }
            // Nobody has the role, so that the rows of the others stay as they are.
            paths::ROLES_ALLOW | paths::ROLES_DENY => body["role"] = json!("nobody"),
            paths::SYNC_PUSH => body = place.push.clone(),
            paths::MOBILE_PUSH => body["device_id"] = json!(device("phone")),
            paths::DESKTOP_UP => {
                body["clientId"] = json!(device("desktop"));
                let event = &mut body["events"][0];
                event["tenantId"] = json!(place.tenant.uuid());
                event["id"] = json!(format!("access-{number}"));
                event["entityId"] = json!(format!("access-{number}"));
            }
            paths::DESKTOP_DOWN | paths::DESKTOP_RESOLVE => body["clientId"] = json!(device("desktop")),
            _ => {}
        }
        if let Some(members) = body.as_object_mut() {
            // A person acts as the person's own user, and names no other.
            members.remove("user");
        }
        body
    }
}

fn is_of_a_device(path: &str) -> bool {
    matches!(
        path,
        paths::MOBILE_PULL
            | paths::MOBILE_BOOTSTRAP
            | paths::MOBILE_PUSH
            | paths::MOBILE_STATUS
            | paths::DESKTOP_DOWN
            | paths::DESKTOP_UP
            | paths::DESKTOP_RESOLVE
    )
}

impl Request {
    /// Its method.
    pub(super) fn method(&self) -> &str {
        &self.method
    }

    /// Its path and query.
    pub(super) fn target(&self) -> &str {
        &self.target
    }

    /// Its headers.
    pub(super) fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// Its body.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Sends it.
    pub(super) async fn send(&self, endpoint: &Endpoint) -> Reply {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        endpoint.send(&self.method, &self.target, &headers, self.body.clone()).await
    }

    /// The same without a site in its query: what the caller sees by itself.
    pub(super) fn without_site(&self) -> Option<Request> {
        let (path, query) = self.target.split_once('?')?;
        let kept: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("site=")).collect();
        let target = if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) };
        let is_other = target != self.target;
        is_other.then(|| Request {
            method: self.method.clone(),
            target,
            headers: self.headers.clone(),
            body: self.body.clone(),
        })
    }
}
