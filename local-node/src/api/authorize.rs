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
use comptoir_core::fact::{Fact, PRICE_OVERRIDDEN};
use comptoir_core::id::Name;
use comptoir_credentials::access_token::is_jwt;
use comptoir_http_edge::{ProblemResponse, changes_something, foreign_page};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::paths;
use comptoir_proto::problem::Problem;

use super::costs::PURCHASE_ORDER;
use crate::caller::Caller;
use crate::node::Node;
use crate::users::TokenRefusal;

/// The cookie of a browser's session. Over TLS its name makes the browser keep it to this host.
pub(super) const SESSION_COOKIE: &str = "comptoir_session";
pub(super) const SESSION_COOKIE_OVER_TLS: &str = "__Host-comptoir_session";

/// What an operation needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Needed {
    /// Nothing: it shows nothing of the shop.
    Nothing,
    /// A login in the body, or else a valid credential: its handler checks.
    Login,
    /// Any valid credential, also a session that is locked.
    Known,
    /// Any valid credential.
    Credential,
    /// A credential that allows this.
    May(AccessOperation),
    /// A credential that allows reading entities of this type.
    Reads(&'static str),
}

const READ: Needed = Needed::May(AccessOperation::Read);
const RECORD: Needed = Needed::May(AccessOperation::Record);
const ADMINISTER: Needed = Needed::May(AccessOperation::Administer);

/// Every operation of the router.
pub(super) const OPERATIONS: [(&str, &str, Needed); 70] = [
    ("post", paths::EVENTS, RECORD),
    ("get", paths::EVENTS, Needed::May(AccessOperation::Audit)),
    ("get", paths::EVENTS_EXPORT, Needed::May(AccessOperation::Export)),
    ("get", paths::EVENT, READ),
    ("post", paths::EVENT_PRINT, RECORD),
    ("get", paths::TILL, Needed::Reads("TILL_SESSION")),
    ("post", paths::TILL_OPEN, RECORD),
    ("post", paths::TILL_CASH, RECORD),
    ("post", paths::TILL_CLOSE, RECORD),
    ("post", paths::TILL_PRINT, RECORD),
    ("get", paths::TILL_CLOSINGS, Needed::Reads("TILL_SESSION")),
    ("post", paths::SALES, RECORD),
    ("get", paths::SALES, READ),
    ("get", paths::SALE, READ),
    ("post", paths::REFUNDS, RECORD),
    ("post", paths::RECEPTIONS, RECORD),
    ("get", paths::RECEPTIONS, Needed::Reads("RECEPTION")),
    ("post", paths::RECEPTION_CANCEL, RECORD),
    ("get", paths::PURCHASE_ORDERS, Needed::Reads(PURCHASE_ORDER)),
    ("post", paths::INVOICES, RECORD),
    ("get", paths::INVOICES, Needed::Reads("INVOICE")),
    ("post", paths::INVOICE_CANCEL, RECORD),
    ("post", paths::DELIVERY_VALIDATE, RECORD),
    ("post", paths::CLIENTS, RECORD),
    ("get", paths::CLIENTS, Needed::Reads("CLIENT")),
    ("get", paths::CLIENT, Needed::Reads("CLIENT")),
    ("patch", paths::CLIENT, RECORD),
    ("put", paths::CLIENT, RECORD),
    ("delete", paths::CLIENT, RECORD),
    ("get", paths::PRODUCTS, Needed::Reads("PRODUCT")),
    ("get", paths::DELIVERIES, Needed::Reads("DELIVERY")),
    ("get", paths::STOCK, Needed::Reads("STOCK")),
    ("get", paths::ENTITIES, READ),
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
    ("get", paths::USER_NAMES, READ),
    ("get", paths::QUEUE, READ),
    ("get", paths::QUEUE_EVENTS, READ),
    ("post", paths::QUEUE_RETRY, RECORD),
    ("get", paths::STREAM, READ),
    ("get", paths::STATUS, READ),
    ("get", paths::DEMO_LINK, READ),
    ("put", paths::DEMO_LINK, RECORD),
    ("get", paths::LOCAL_KEYS, ADMINISTER),
    ("post", paths::LOCAL_KEYS, ADMINISTER),
    ("delete", paths::LOCAL_KEY, ADMINISTER),
    ("post", paths::SESSION, Needed::Login),
    ("get", paths::SESSION, Needed::Known),
    ("delete", paths::SESSION, Needed::Known),
    ("put", paths::SESSION_PIN, Needed::Credential),
    ("post", paths::SESSION_LOCK, Needed::Known),
    ("post", paths::SESSION_UNLOCK, Needed::Known),
    ("get", paths::HEALTHZ, Needed::Nothing),
    ("get", paths::READYZ, Needed::Nothing),
    ("get", paths::SCREENS, Needed::Nothing),
    ("get", paths::SCREENS_ASSET, Needed::Nothing),
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

/// What a revoked node still answers: whether it lives, and what it is.
const ANSWERED_WHEN_REVOKED: [&str; 6] =
    [paths::HEALTHZ, paths::READYZ, paths::METRICS, paths::OPENAPI, paths::DOCS, paths::CA];

/// Requests that a screen makes by itself. They do not show that its user is there.
const NO_SIGN_OF_ITS_USER: [&str; 4] = [paths::STREAM, paths::QUEUE, paths::STATUS, paths::SESSION];

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
                if let Some(key) = caller.key() {
                    node.local_keys().note_use(key);
                }
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
    if node.is_revoked() && !ANSWERED_WHEN_REVOKED.contains(&path) {
        return Err(revoked());
    }
    if matches!(needed, Needed::Nothing | Needed::Login) {
        return Ok(known(node, path, method, headers).ok().filter(|known| !known.is_locked).map(|known| known.caller));
    }
    let Known { caller, is_locked } = known(node, path, method, headers)?;
    if is_locked && needed != Needed::Known {
        let detail = "the session is locked: unlock it with the PIN or the password";
        return Err(Problem::new(ErrorCode::SessionLocked, detail));
    }
    let site = node.log().identity().site;
    let refused = match needed {
        Needed::May(operation) if !caller.may(operation) => Some(operation.as_str().to_owned()),
        Needed::Reads(entity_type) => {
            let is_allowed = Name::new(entity_type).is_ok_and(|entity_type| caller.may_read(&entity_type, site));
            (!is_allowed).then(|| format!("read {entity_type}"))
        }
        Needed::May(_) | Needed::Known | Needed::Credential | Needed::Login | Needed::Nothing => None,
    };
    match refused {
        Some(what) => Err(Problem::new(ErrorCode::Forbidden, format!("{caller} is not allowed: {what}"))),
        None => Ok(Some(caller)),
    }
}

/// Central took this node out of use.
pub(super) fn revoked() -> Problem {
    Problem::new(ErrorCode::DeviceRevoked, "central took this node out of use: it records and shows nothing any more")
}

/// Whose credential a request has.
struct Known {
    caller: Caller,
    is_locked: bool,
}

/// The holder of the request's key, token or session.
fn known(node: &Node, path: &str, method: &Method, headers: &HeaderMap) -> Result<Known, Problem> {
    if let Some(authorization) = headers.get(AUTHORIZATION) {
        let text = authorization.to_str().unwrap_or_default();
        let text = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let text = text.map(|(_, text)| text.trim()).unwrap_or_default();
        let caller = if is_jwt(text) { of_token(node, text)? } else { of_key(node, text)? };
        return Ok(Known { caller, is_locked: false });
    }
    let Some(token) = session_token(headers) else {
        return Err(unauthorized(
            "log in, or send a local key as `Authorization: Bearer ...`; `comptoir key create` makes one, \
             DATA_DIR/admin.header has the administrator's",
        ));
    };
    // A browser sends the cookie by itself, so that a page elsewhere could make it act. The edge has compared Origin and Host.
    if changes_something(method) && !headers.contains_key(ORIGIN) {
        return Err(foreign_page("unknown origin"));
    }
    let known = node.session(token).map(|(session, caller)| Known { caller, is_locked: session.is_locked });
    let known = known.ok_or_else(|| unauthorized("the session has ended; log in again"))?;
    if !known.is_locked && !NO_SIGN_OF_ITS_USER.contains(&path) {
        node.sessions().note_use(token, node.users().now());
    }
    Ok(known)
}

fn of_key(node: &Node, text: &str) -> Result<Caller, Problem> {
    let refused = "the local key is misspelt, unknown or revoked; `comptoir key list` shows the keys of this node";
    node.local_keys().caller(text).ok_or_else(|| unauthorized(refused))
}

fn of_token(node: &Node, token: &str) -> Result<Caller, Problem> {
    node.users().caller_of_token(token).map_err(|refusal| {
        let code = match &refusal {
            TokenRefusal::Invalid(reason) => {
                tracing::info!(reason, "An access token was refused");
                return unauthorized("the access token is not accepted here");
            }
            TokenRefusal::Expired => ErrorCode::TokenExpired,
            TokenRefusal::Reauthenticate { .. } => ErrorCode::ReauthenticationRequired,
        };
        Problem::new(code, refusal.to_string())
    })
}

pub(super) fn unauthorized(detail: &str) -> Problem {
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

    /// Checks who may record an event, and names the user who does. Answers up to which position the node knows that user's
    /// rights, 0 for a local key.
    pub(super) fn check(&self, content: &mut Content) -> Result<u64, Problem> {
        // Read again: a stream of drafts outlives the revocation of its key, and a change of rights.
        let now = self.node.caller_now(&self.caller);
        let Some(now) = now.filter(|caller| caller.may_record(content)) else {
            let (action, entity_type) = (&content.action, &content.entity_type);
            let detail = format!("{} is not allowed: record {action} of a {entity_type}", self.caller);
            return Err(Problem::new(ErrorCode::Forbidden, detail).at("/action"));
        };
        let own = now.name();
        match &content.user {
            Some(named) if now.user().is_some() && *named != own => {
                let detail = format!("the event is of user {own}, the request names {named}; leave it out");
                return Err(Problem::new(ErrorCode::Forbidden, detail).at("/user"));
            }
            Some(_) => {}
            None => content.user = Some(own),
        }
        Ok(now.identity_position())
    }

    /// Refuses a price that the caller may not change.
    pub(super) fn check_prices(&self, fact: &Fact, content: &Content) -> Result<(), Problem> {
        let Some(line) = fact.overridden_price() else { return Ok(()) };
        let action = Name::new(PRICE_OVERRIDDEN).expect("a constant is a name");
        let may = |caller: Caller| caller.may_record(&Content { action: action.clone(), ..content.clone() });
        if self.node.caller(self.caller.id()).is_some_and(may) {
            return Ok(());
        }
        let detail = format!("{} is not allowed: change a price ({PRICE_OVERRIDDEN} of a SALE)", self.caller);
        Err(Problem::new(ErrorCode::Forbidden, detail).at(format!("/payload/lines/{line}/price_reason")))
    }

    /// Refuses to show an entity of a type that the caller may not read.
    pub(super) fn check_read(&self, entity_type: &Name) -> Result<(), Problem> {
        if self.caller.may_read(entity_type, self.node.log().identity().site) {
            return Ok(());
        }
        Err(Problem::new(ErrorCode::Forbidden, format!("{} is not allowed: read {entity_type}", self.caller)))
    }
}

impl FromRequestParts<Arc<Node>> for Permitted {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, node: &Arc<Node>) -> Result<Permitted, ProblemResponse> {
        let caller = parts.extensions.get::<Caller>().cloned();
        let caller = caller.ok_or_else(|| unauthorized("log in, or send a local key"))?;
        Ok(Permitted { node: node.clone(), caller })
    }
}
