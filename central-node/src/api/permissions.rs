//! Which operation of the API needs which permission: the one place where a person's rights are checked.
//!
//! Every request is authenticated here, once, and its route looked up in [`TABLE`]. A test compares the table with the API's
//! description, so that a new route without a row fails. Nodes' keys and administrators' tokens are service credentials: their
//! handlers decide what they may do. Handlers also narrow what a person sees and records to the person's sites.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use comptoir_core::access::{AccessOperation, AccessRequest, allows_somewhere};
use comptoir_core::id::TenantId;
use comptoir_http_edge::{Client, ProblemResponse};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::paths;
use comptoir_proto::problem::Problem;

use super::auth::{forbidden, named_site};
use crate::central::Central;
use crate::identity::{self, AuthError, Credential, UserAccess};

/// What a route needs from a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Needs {
    /// Nothing: anybody may call it.
    Nothing,
    /// The permission for the whole tenant.
    Tenant(AccessOperation),
    /// One of the two permissions for the whole tenant.
    TenantEither(AccessOperation, AccessOperation),
    /// Nothing from a trusted address, which is usually a program of this machine; from others the permission for the tenant.
    ThisMachineOrTenant(AccessOperation),
    /// The permission at some site, or for some entity type. The handler narrows what it reads or writes.
    Somewhere(AccessOperation),
    /// A node's key. No person has it.
    Node,
    /// A person's access token, whatever the person's roles.
    Person,
}

use AccessOperation::{Administer, Audit, DecideConflict, Export, Read, Record, ReleaseQuarantine, Report};
use Needs::{Node, Nothing, Person, Somewhere, Tenant, TenantEither, ThisMachineOrTenant};

/// The operation under a name that is no trait.
const SYNC: AccessOperation = AccessOperation::Sync;

/// What the key of a revoked node may do: hand over its log, into quarantine, and prove that its data is destroyed. A pull tells
/// it that it is revoked, and nothing else.
const OF_REVOKED_NODES: [&str; 4] = [paths::SYNC_PUSH, paths::SYNC_STATUS, paths::SYNC_PULL, paths::SYNC_WIPED];

pub(super) const TABLE: [(&str, &str, Needs); 105] = [
    ("get", paths::HEALTHZ, Nothing),
    ("get", paths::READYZ, Nothing),
    ("get", paths::SCREENS, Nothing),
    ("get", paths::START_PAGE, Nothing),
    ("get", paths::CA, Nothing),
    ("get", paths::CA_FILE, Nothing),
    ("get", paths::METRICS, ThisMachineOrTenant(Administer)),
    ("get", paths::OPENAPI, Nothing),
    ("get", paths::DOCS, Nothing),
    ("get", paths::JWKS, Nothing),
    ("get", paths::RECEIPT, Nothing),
    ("get", paths::DRIVER, Nothing),
    ("get", paths::DRIVER_SHORT, Nothing),
    ("get", paths::DRIVER_WORKER, Nothing),
    ("get", paths::DRIVER_MANIFEST, Nothing),
    ("get", paths::SCREENS_ASSET, Nothing),
    ("get", paths::OFFICE, Nothing),
    ("get", paths::OFFICE_SHORT, Nothing),
    ("post", paths::OFFICE_LOGIN, Nothing),
    ("delete", paths::OFFICE_LOGIN, Nothing),
    ("post", paths::OFFICE_REFRESH, Nothing),
    ("get", paths::ME, Person),
    ("get", paths::SETUP_PAGE, Nothing),
    ("post", paths::SETUP_PAGE, Nothing),
    ("get", paths::SETUP_SCRIPT, Nothing),
    ("get", paths::SETUP_STYLE, Nothing),
    ("post", paths::AUTH_LOGIN, Nothing),
    ("post", paths::AUTH_REFRESH, Nothing),
    ("post", paths::AUTH_LOGOUT, Nothing),
    ("post", paths::AUTH_SETUP, Nothing),
    ("get", paths::AUTH_CHALLENGE, Nothing),
    ("post", paths::DEVICE_ENROL, Nothing),
    ("post", paths::DEVICE_WIPED, Nothing),
    ("get", paths::DEVICES, Tenant(Administer)),
    ("get", paths::DEVICE, Tenant(Administer)),
    ("patch", paths::DEVICE, Tenant(Administer)),
    ("post", paths::DEVICE_REVOKE, Tenant(Administer)),
    ("post", paths::DEVICE_ENROLMENTS, Tenant(Administer)),
    ("post", paths::AUTH_PASSWORD, Person),
    ("get", paths::USERS, Tenant(Administer)),
    ("post", paths::USERS, Tenant(Administer)),
    ("get", paths::USER, Tenant(Administer)),
    ("patch", paths::USER, Tenant(Administer)),
    ("post", paths::USER_RESET, Tenant(Administer)),
    ("post", paths::USER_ERASE, Tenant(Administer)),
    ("get", paths::ROLES, Tenant(Administer)),
    ("post", paths::ROLES_ALLOW, Tenant(Administer)),
    ("post", paths::ROLES_DENY, Tenant(Administer)),
    ("get", paths::NODES, Tenant(Administer)),
    ("post", paths::NODE_REVOKE, Tenant(Administer)),
    ("get", paths::FORKS, TenantEither(Administer, Audit)),
    ("get", paths::SECURITY_EVENTS, Tenant(Audit)),
    ("get", paths::SYNC_LOG, Tenant(Audit)),
    ("get", paths::EVENTS, Tenant(Audit)),
    ("get", paths::EVENT, Somewhere(Read)),
    ("post", paths::EVENTS, Somewhere(Record)),
    ("get", paths::EVENTS_EXPORT, Tenant(Export)),
    ("get", paths::STORE_CHECK, Tenant(Audit)),
    ("get", paths::AUDIT_ENTRIES, Tenant(Audit)),
    ("get", paths::QUARANTINE, Somewhere(ReleaseQuarantine)),
    ("post", paths::QUARANTINE_RELEASE, Somewhere(ReleaseQuarantine)),
    ("get", paths::CONFLICTS, Somewhere(DecideConflict)),
    ("get", paths::CONFLICT, Somewhere(DecideConflict)),
    ("post", paths::CONFLICT_PREVIEW, Somewhere(DecideConflict)),
    ("post", paths::CONFLICT_RESOLVE, Somewhere(DecideConflict)),
    ("get", paths::BLOB, Somewhere(Read)),
    ("put", paths::BLOB, Somewhere(Record)),
    ("post", paths::SALES, Somewhere(Record)),
    ("post", paths::REFUNDS, Somewhere(Record)),
    ("post", paths::RECEPTIONS, Somewhere(Record)),
    ("get", paths::INVOICES, Somewhere(Read)),
    ("post", paths::INVOICES, Somewhere(Record)),
    ("post", paths::INVOICE_CANCEL, Somewhere(Record)),
    ("get", paths::DELIVERIES, Somewhere(Read)),
    ("post", paths::DELIVERIES, Somewhere(Record)),
    ("post", paths::DELIVERY_VALIDATE, Somewhere(Record)),
    ("get", paths::CLIENTS, Somewhere(Read)),
    ("post", paths::CLIENTS, Somewhere(Record)),
    ("get", paths::CLIENT, Somewhere(Read)),
    ("put", paths::CLIENT, Somewhere(Record)),
    ("patch", paths::CLIENT, Somewhere(Record)),
    ("delete", paths::CLIENT, Somewhere(Record)),
    ("get", paths::PRODUCTS, Somewhere(Read)),
    ("get", paths::STOCK, Somewhere(Read)),
    ("get", paths::ENTITY, Somewhere(Read)),
    ("put", paths::ENTITY, Somewhere(Record)),
    ("patch", paths::ENTITY, Somewhere(Record)),
    ("delete", paths::ENTITY, Somewhere(Record)),
    ("get", paths::REPORT_SALES, Somewhere(Report)),
    ("get", paths::REPORT_STOCK, Somewhere(Report)),
    ("post", paths::NODE_CERTIFICATE, Node),
    ("post", paths::SYNC_PUSH, Node),
    ("get", paths::SYNC_STATUS, Node),
    ("get", paths::SYNC_IDENTITY, Node),
    ("get", paths::SYNC_USERS, Node),
    ("post", paths::SYNC_WIPED, Node),
    ("get", paths::SYNC_PULL, Node),
    ("get", paths::SYNC_BOOTSTRAP, Node),
    ("post", paths::MOBILE_PUSH, Somewhere(SYNC)),
    ("get", paths::MOBILE_PULL, Somewhere(SYNC)),
    ("get", paths::MOBILE_STATUS, Somewhere(SYNC)),
    ("get", paths::MOBILE_BOOTSTRAP, Somewhere(SYNC)),
    ("post", paths::DESKTOP_UP, Somewhere(SYNC)),
    ("post", paths::DESKTOP_DOWN, Somewhere(SYNC)),
    ("post", paths::DESKTOP_RESOLVE, Somewhere(SYNC)),
];

fn needs(method: &Method, path: &str) -> Option<Needs> {
    // HEAD is answered by the handler of GET.
    let method = if *method == Method::HEAD { "get".to_owned() } else { method.as_str().to_lowercase() };
    TABLE.iter().find(|row| row.0 == method && row.1 == path).map(|row| row.2)
}

/// Authenticates the request and checks the person's permission, before the handler reads anything.
pub(super) async fn check(State(central): State<Arc<Central>>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let needs = match &path {
        Some(path) if !TABLE.iter().any(|row| row.1 == path) => {
            tracing::error!("{path} has no row in the table of permissions and is refused");
            return ProblemResponse::from(forbidden(format!("nobody may call {path}"))).into_response();
        }
        path => path.as_ref().and_then(|path| needs(request.method(), path)),
    };
    // An unknown path, and a method that the path does not have, are answered by the router.
    let Some(needs) = needs.filter(|needs| *needs != Nothing) else { return next.run(request).await };
    let is_trusted = request.extensions().get::<Client>().is_some_and(|client| client.is_trusted);
    if is_trusted && matches!(needs, ThisMachineOrTenant(_)) {
        return next.run(request).await;
    }
    let may_be_revoked = path.is_some_and(|path| OF_REVOKED_NODES.contains(&path.as_str()));
    // Boxed, so that its nine kilobytes are free again while the handler of a waiting pull waits.
    match Box::pin(permitted(&central, request.headers(), needs, may_be_revoked)).await {
        Ok(credential) => {
            note_use(&central, &credential);
            request.extensions_mut().insert(Arc::new(credential));
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// A person may name a site of the own tenant and no other: an event would carry it for ever.
async fn check_site(
    central: &Central,
    tenant: TenantId,
    user: &UserAccess,
    headers: &HeaderMap,
) -> Result<(), ProblemResponse> {
    let Some(site) = named_site(headers)? else { return Ok(()) };
    if user.sites().contains(&site) || identity::has_site(central.database(), tenant, site).await? {
        return Ok(());
    }
    Err(forbidden(format!("the tenant has no site {site}")).at("Comptoir-Site").into())
}

/// Stores when a key was last used, once a minute and after the request: a key that nobody uses is found and revoked.
fn note_use(central: &Central, credential: &Credential) {
    let now = central.clock().now();
    if credential.user().is_none() && central.key_uses().note(&credential.key_id, now) {
        let (database, Credential { tenant, key_id, .. }) = (central.database().clone(), credential.clone());
        tokio::spawn(async move {
            if let Err(error) = identity::store_key_use(&database, tenant, &key_id, now).await {
                tracing::warn!(key.id = key_id, %error, "the last use of a key could not be stored");
            }
        });
    }
}

async fn permitted(
    central: &Central,
    headers: &HeaderMap,
    needs: Needs,
    may_be_revoked: bool,
) -> Result<Credential, ProblemResponse> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let found = match needs {
        Somewhere(Read | Report) => central.accounts().authenticate_reader(authorization).await,
        _ => central.accounts().authenticate(authorization).await,
    };
    if matches!(found, Err(AuthError::Unknown | AuthError::Mistyped(_))) {
        tracing::info!("a request came without a valid credential");
    }
    let credential = found?;
    if credential.is_revoked && !may_be_revoked {
        let detail = "the node was revoked: it may push what it has, and prove that it wiped itself";
        return Err(Problem::new(ErrorCode::DeviceRevoked, detail).into());
    }
    let Some(user) = credential.user() else {
        return match needs {
            Person => Err(forbidden("this is about a person's login, and needs a user's access token").into()),
            ThisMachineOrTenant(_) if credential.node().is_some() => {
                Err(forbidden("this needs an administrator's token, not a node's key").into())
            }
            _ => Ok(credential),
        };
    };
    check_site(central, credential.tenant, user, headers).await?;
    let is_contract = needs == Somewhere(SYNC);
    match &user.device {
        Some(device) if device.is_revoked && is_contract => return Ok(credential),
        Some(device) if device.is_revoked => {
            let detail = "the device was revoked: it sends what it recorded, and then destroys its data";
            return Err(Problem::new(ErrorCode::DeviceRevoked, detail).into());
        }
        None if is_contract => {
            let detail = "the login belongs to no device: log in with one that is enrolled to the user";
            return Err(Problem::new(ErrorCode::DeviceNotEnrolled, detail).into());
        }
        Some(_) | None => {}
    }
    let (operation, allowed) = match needs {
        Nothing | Person => return Ok(credential),
        Node => return Err(forbidden("this needs a node's key, not a user's access token").into()),
        Tenant(operation) | ThisMachineOrTenant(operation) => (operation, user.allows(&AccessRequest::new(operation))),
        TenantEither(one, other) => {
            (one, [one, other].into_iter().any(|operation| user.allows(&AccessRequest::new(operation))))
        }
        Somewhere(operation) => (operation, allows_somewhere(user.permissions(), &user.roles, operation)),
    };
    if allowed {
        return Ok(credential);
    }
    let word = operation.as_str();
    Err(forbidden(format!("none of the user's roles may {word} here")).with("operation", word).into())
}
