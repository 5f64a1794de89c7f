//! Identifies the caller by the request's `Authorization` header.

use axum::http::{HeaderMap, header};
use comptoir_http_edge::ProblemResponse;
use comptoir_proto::api_v1::Author;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

use crate::central::Central;
use crate::feed::{NodeCaller, Scope};
use crate::identity::{self, Access, AuthError, Credential};

/// The caller's credential, looked up for each request: a revoked one stops working at once.
pub(crate) async fn credential(central: &Central, headers: &HeaderMap) -> Result<Credential, ProblemResponse> {
    known(central, identity::authenticate(central.database(), authorization(headers)).await)
}

/// The caller's credential for a request that only reads: it may have been looked up a few seconds ago.
pub(super) async fn reading_credential(central: &Central, headers: &HeaderMap) -> Result<Credential, ProblemResponse> {
    known(central, central.recent_credentials().authenticate(central.database(), authorization(headers)).await)
}

fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok())
}

fn known(central: &Central, found: Result<Credential, AuthError>) -> Result<Credential, ProblemResponse> {
    if matches!(found, Err(AuthError::Unknown | AuthError::Mistyped(_))) {
        tracing::info!("a request came without a valid credential");
    }
    let found = found?;
    note_use(central, &found);
    Ok(found)
}

/// Stores when the key was last used, once a minute and after the request: a key that nobody uses is found and revoked.
fn note_use(central: &Central, credential: &Credential) {
    let now = central.clock().now();
    if central.key_uses().note(&credential.key_id, now) {
        let (database, Credential { tenant, key_id, .. }) = (central.database().clone(), credential.clone());
        tokio::spawn(async move {
            if let Err(error) = identity::store_key_use(&database, tenant, &key_id, now).await {
                tracing::warn!(key.id = key_id, %error, "the last use of a key could not be stored");
            }
        });
    }
}

/// The caller's credential; 403 unless it is an administrator's.
pub(crate) async fn admin(central: &Central, headers: &HeaderMap) -> Result<Credential, ProblemResponse> {
    let credential = credential(central, headers).await?;
    match credential.access {
        Access::Admin => Ok(credential),
        Access::Node { .. } => Err(forbidden("this needs an administrator's token, not a node's key").into()),
    }
}

/// The calling node and its scope, for the routes of the feed; 403 for an administrator.
pub(super) fn node_caller(credential: &Credential) -> Result<NodeCaller, ProblemResponse> {
    match credential.access {
        Access::Node { node, site } => {
            let scope = Scope { site, own_invoices: None, shows_conflicts: true };
            Ok(NodeCaller { tenant: credential.tenant, node, scope })
        }
        Access::Admin => Err(forbidden("only a node pulls: an administrator reads the lists and the reports").into()),
    }
}

/// The problem for a caller who is known but lacks the permission.
pub(crate) fn forbidden(detail: impl Into<String>) -> Problem {
    Problem::new(ErrorCode::Forbidden, detail)
}

/// The author of what a credential writes: a node writes for its site, an administrator for central.
pub(crate) fn author(credential: &Credential) -> Author {
    match credential.access {
        Access::Node { node, site } => Author { site, central: false, namespace: node.uuid() },
        Access::Admin => Author { site: None, central: true, namespace: credential.tenant.uuid() },
    }
}
