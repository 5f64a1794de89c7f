//! Who makes a request, and whether they may. [`OPERATIONS`] has the permission that each operation needs; an operation that is
//! not there is refused. What may be recorded is checked once more for each draft, in [`CheckedDraft`](super::draft).

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use comptoir_core::access::AccessOperation;
use comptoir_core::event::Content;
use comptoir_http_edge::{ProblemResponse, changes_something, foreign_page};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::paths;
use comptoir_proto::problem::Problem;

use crate::local_keys::Caller;
use crate::node::Node;

/// The cookie of a browser's session. Over TLS its name makes the browser keep it to this host.
pub(super) const SESSION_COOKIE: &str = "comptoir_session";
pub(super) const SESSION_COOKIE_OVER_TLS: &str = "__Host-comptoir_session";

/// What an operation needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Needed {
    /// Nothing: it shows nothing of the shop.
    Nothing,
    /// Any valid credential.
    Credential,
    /// A credential that allows this.
    May(AccessOperation),
}

const READ: Needed = Needed::May(AccessOperation::Read);
const RECORD: Needed = Needed::May(AccessOperation::Record);
const ADMINISTER: Needed = Needed::May(AccessOperation::Administer);

/// Every operation of the router.
pub(super) const OPERATIONS: [(&str, &str, Needed); 47] = [
    ("post", paths::EVENTS, RECORD),
    ("get", paths::EVENTS, Needed::May(AccessOperation::Audit)),
    ("get", paths::EVENTS_EXPORT, Needed::May(AccessOperation::Export)),
    ("get", paths::EVENT, READ),
    ("post", paths::EVENT_PRINT, RECORD),
    ("post", paths::SALES, RECORD),
    ("post", paths::REFUNDS, RECORD),
    ("post", paths::RECEPTIONS, RECORD),
    ("post", paths::INVOICES, RECORD),
    ("get", paths::INVOICES, READ),
    ("post", paths::INVOICE_CANCEL, RECORD),
    ("post", paths::DELIVERY_VALIDATE, RECORD),
    ("post", paths::CLIENTS, RECORD),
    ("get", paths::CLIENTS, READ),
    ("get", paths::CLIENT, READ),
    ("patch", paths::CLIENT, RECORD),
    ("put", paths::CLIENT, RECORD),
    ("delete", paths::CLIENT, RECORD),
    ("get", paths::PRODUCTS, READ),
    ("get", paths::DELIVERIES, READ),
    ("get", paths::STOCK, READ),
    ("get", paths::ENTITY, READ),
    ("get", paths::SAVED_FORMS, READ),
    ("get", paths::SAVED_FORM, READ),
    ("put", paths::SAVED_FORM, RECORD),
    ("delete", paths::SAVED_FORM, RECORD),
    ("post", paths::SAVED_FORM_SUBMIT, RECORD),
    ("get", paths::NOTIFICATIONS, READ),
    ("post", paths::NOTIFICATION_SEEN, READ),
    ("get", paths::BLOB, READ),
    ("put", paths::BLOB, RECORD),
    ("get", paths::QUEUE, READ),
    ("get", paths::STREAM, READ),
    ("get", paths::STATUS, READ),
    ("get", paths::LOCAL_KEYS, ADMINISTER),
    ("post", paths::LOCAL_KEYS, ADMINISTER),
    ("delete", paths::LOCAL_KEY, ADMINISTER),
    ("post", paths::SESSION, Needed::Credential),
    ("delete", paths::SESSION, Needed::Credential),
    ("get", paths::HEALTHZ, Needed::Nothing),
    ("get", paths::READYZ, Needed::Nothing),
    ("get", paths::START_PAGE, Needed::Nothing),
    ("get", paths::RECEIPT, Needed::Nothing),
    ("get", paths::RECEIPT_QR, Needed::Nothing),
    ("get", paths::CA, Needed::Nothing),
    ("get", paths::CA_FILE, Needed::Nothing),
    // Its handler asks from where the request comes.
    ("get", paths::METRICS, Needed::Nothing),
];

/// The operations that only describe the API.
const DESCRIPTIONS: [&str; 2] = [paths::OPENAPI, paths::DOCS];

/// What an operation needs; `None` for one that the table does not have.
pub(super) fn needed(method: &Method, path: &str) -> Option<Needed> {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    if *method == Method::GET && DESCRIPTIONS.contains(&path) {
        return Some(Needed::Nothing);
    }
    let is_it = |(of, at, _): &&(&str, &str, Needed)| *at == path && of.eq_ignore_ascii_case(method.as_str());
    OPERATIONS.iter().find(is_it).map(|(_, _, needed)| *needed)
}

/// Refuses a request whose credential does not allow its operation. Handlers find the [`Caller`] in the request.
pub(super) async fn authorize(
    State(node): State<Arc<Node>>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    match allowed(&node, path.as_str(), request.method(), request.headers()) {
        Ok(caller) => {
            if let Some(caller) = caller {
                node.local_keys().note_use(caller.key());
                request.extensions_mut().insert(caller);
            }
            next.run(request).await
        }
        Err(problem) => ProblemResponse::from(problem).into_response(),
    }
}

/// The caller, if the request may do what it asks.
pub(super) fn allowed(
    node: &Node,
    path: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Option<Caller>, Problem> {
    let Some(needed) = needed(method, path) else {
        tracing::error!("{method} {path} has no entry in the table of permissions and is refused");
        return Err(Problem::new(ErrorCode::Forbidden, format!("nobody may {method} {path}")));
    };
    if needed == Needed::Nothing {
        return Ok(caller(node, method, headers).ok());
    }
    let caller = caller(node, method, headers)?;
    match needed {
        Needed::May(operation) if !caller.may(operation) => {
            let (key, word) = (caller.key(), operation.as_str());
            Err(Problem::new(ErrorCode::Forbidden, format!("local key {key} does not allow: {word}")))
        }
        Needed::May(_) | Needed::Credential | Needed::Nothing => Ok(Some(caller)),
    }
}

/// The holder of the request's key or session.
fn caller(node: &Node, method: &Method, headers: &HeaderMap) -> Result<Caller, Problem> {
    if let Some(authorization) = headers.get(AUTHORIZATION) {
        let text = authorization.to_str().unwrap_or_default();
        let key = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let found = key.and_then(|(_, key)| node.local_keys().caller(key.trim()));
        return found.ok_or_else(|| {
            unauthorized(
                "the local key is misspelt, unknown or revoked; `comptoir key list` shows the keys of this node",
            )
        });
    }
    let Some(token) = session_token(headers) else {
        return Err(unauthorized(
            "send a local key as `Authorization: Bearer ...`; `comptoir key create` makes one, DATA_DIR/admin.header has \
             the administrator's",
        ));
    };
    // A browser sends the cookie by itself, so that a page elsewhere could make it act. The edge has compared Origin and Host.
    if changes_something(method) && !headers.contains_key(ORIGIN) {
        return Err(foreign_page("unknown origin"));
    }
    let key = node.sessions().key_of(token, node.log().now());
    let found = key.and_then(|key| node.local_keys().caller_of(key));
    found.ok_or_else(|| unauthorized("the session has ended; open another one with a local key"))
}

fn unauthorized(detail: &str) -> Problem {
    Problem::new(ErrorCode::Unauthorized, detail)
}

/// The value of the session's cookie.
pub(super) fn session_token(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    let mut named = pairs.filter_map(|pair| pair.trim().split_once('='));
    named.find(|(name, _)| [SESSION_COOKIE, SESSION_COOKIE_OVER_TLS].contains(name)).map(|(_, value)| value)
}

/// The node, and the caller whose operation is permitted.
#[derive(Clone)]
pub(super) struct Permitted {
    node: Arc<Node>,
    caller: Caller,
}

impl Permitted {
    pub(super) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Refuses an event that the credential does not allow.
    pub(super) fn check(&self, content: &Content) -> Result<(), Problem> {
        // Read again: a stream of drafts outlives the revocation of its key.
        let now = self.node.local_keys().caller_of(self.caller.key());
        if now.is_some_and(|caller| caller.may_record(content)) {
            return Ok(());
        }
        let (key, action, entity_type) = (self.caller.key(), &content.action, &content.entity_type);
        let detail = format!("local key {key} does not allow: record {action} of a {entity_type}");
        Err(Problem::new(ErrorCode::Forbidden, detail).at("/action"))
    }
}

impl FromRequestParts<Arc<Node>> for Permitted {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, node: &Arc<Node>) -> Result<Permitted, ProblemResponse> {
        let caller = parts.extensions.get::<Caller>().cloned();
        let caller = caller.ok_or_else(|| unauthorized("this needs a local key"))?;
        Ok(Permitted { node: node.clone(), caller })
    }
}
