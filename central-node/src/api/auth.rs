//! What the caller of a request is and may do. `permissions.rs` has authenticated it.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};
use comptoir_core::access::{AccessOperation, AccessRequest};
use comptoir_core::event::{Content, Draft};
use comptoir_core::fact::{Fact, PRICE_OVERRIDDEN};
use comptoir_core::id::{Name, NameError, SiteId, TenantId};
use comptoir_http_edge::ProblemResponse;
use comptoir_proto::api_v1::Author;
use comptoir_proto::commands_v1::ShopCommand;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

use super::caller::CallerHeaders;
use crate::feed::{NodeCaller, Scope};
use crate::identity::{Access, Credential, UserAccess};

/// At which of several sites a user acts.
const SITE: HeaderName = HeaderName::from_static("comptoir-site");

/// The caller's credential.
pub(crate) fn credential(headers: &CallerHeaders) -> Arc<Credential> {
    Arc::clone(headers.credential())
}

/// The caller's credential; 403 for a node's key. A person has been checked against the table.
pub(crate) fn admin(headers: &CallerHeaders) -> Result<Arc<Credential>, ProblemResponse> {
    let credential = credential(headers);
    match credential.access {
        Access::Admin | Access::User(_) => Ok(credential),
        Access::Node { .. } => Err(forbidden("this needs an administrator's token, not a node's key").into()),
    }
}

/// The calling node and its scope, for the routes of the feed; 403 for everybody else.
pub(super) fn node_caller(headers: &CallerHeaders) -> Result<NodeCaller, ProblemResponse> {
    let credential = headers.credential();
    match credential.access {
        Access::Node { node, site } => {
            let scope = Scope { site, own_invoices: None, shows_conflicts: true };
            Ok(NodeCaller { tenant: credential.tenant, node, scope })
        }
        Access::Admin | Access::User(_) => {
            Err(forbidden("only a node pulls: an administrator reads the lists and the reports").into())
        }
    }
}

/// The problem for a caller who is known but lacks the permission.
pub(crate) fn forbidden(detail: impl Into<String>) -> Problem {
    Problem::new(ErrorCode::Forbidden, detail)
}

/// Refuses a person who may not do this at that site.
pub(super) fn allowed_at(
    credential: &Credential,
    operation: AccessOperation,
    site: Option<SiteId>,
) -> Result<(), Problem> {
    match credential.user() {
        Some(user) if !user.allows(&AccessRequest::new(operation).at(site)) => {
            let place = site.map_or_else(|| "for the whole tenant".to_owned(), |site| format!("at site {site}"));
            Err(forbidden(format!("none of the user's roles may {} {place}", operation.as_str())))
        }
        _ => Ok(()),
    }
}

/// Who writes: the author of drafts, and for a person the permissions that each draft is checked against.
#[derive(Clone)]
pub(crate) struct DraftWriter {
    author: Author,
    credential: Arc<Credential>,
}

impl std::ops::Deref for DraftWriter {
    type Target = Author;

    fn deref(&self) -> &Author {
        &self.author
    }
}

impl DraftWriter {
    /// A node writes for its site, an administrator for central. A person writes for the site of the person's roles, and for
    /// central if the person may record everything everywhere.
    pub(crate) fn of(headers: &CallerHeaders) -> Result<DraftWriter, Problem> {
        let credential = credential(headers);
        let author = match &credential.access {
            Access::Node { node, site } => Author { site: *site, central: false, namespace: node.uuid() },
            Access::Admin => Author { site: None, central: true, namespace: credential.tenant.uuid() },
            Access::User(user) => {
                let site = site_of(headers, user)?;
                let everything = user.allows(&AccessRequest::new(AccessOperation::Record));
                Author { site, central: everything && site.is_none(), namespace: user.user.uuid() }
            }
        };
        Ok(DraftWriter { author, credential })
    }

    /// The only tenant that the writer writes to.
    pub(crate) fn tenant(&self) -> TenantId {
        self.credential.tenant
    }

    /// Checks a person's command before its body is read. The path has the entity type of some.
    pub(crate) fn may_run(&self, command: ShopCommand, entity_type: Option<&str>) -> Result<(), Problem> {
        let (default_type, action) = command.entity_type_and_action();
        let bad = |error: NameError| Problem::new(ErrorCode::InvalidParameter, error.to_string());
        let (action, entity_type) = (Name::new(action).map_err(bad)?, Name::new(entity_type.unwrap_or(default_type)));
        self.may_record(&action, &entity_type.map_err(bad)?, self.author.site)
    }

    fn may_record(&self, action: &Name, entity_type: &Name, site: Option<SiteId>) -> Result<(), Problem> {
        match self.credential.user() {
            Some(user) if !user.allows(&AccessRequest::record(action, entity_type, site)) => {
                let place = site.map_or_else(|| "for no site".to_owned(), |site| format!("at site {site}"));
                let detail = format!("none of the user's roles may record {action} of {entity_type} {place}");
                Err(forbidden(detail).at("/action"))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a price that the person may not change.
    pub(crate) fn may_change_prices(&self, fact: &Fact, content: &Content) -> Result<(), Problem> {
        let Some(line) = fact.overridden_price() else { return Ok(()) };
        let action =
            Name::new(PRICE_OVERRIDDEN).map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
        let checked = self.may_record(&action, &content.entity_type, content.site);
        checked.map_err(|problem| problem.at(format!("/payload/lines/{line}/price_reason")))
    }

    /// Checks a person's draft, and names the person in it.
    pub(crate) fn permit(&self, mut draft: Draft) -> Result<Draft, Problem> {
        if self.credential.user().is_none() {
            return Ok(draft);
        }
        let content = &draft.content;
        self.may_record(&content.action, &content.entity_type, content.site)?;
        draft.content.user = acting_user(&self.credential, draft.content.user)?;
        Ok(draft)
    }
}

/// The user who acts: with an access token its user, and no other; with a service credential whom the request names.
pub(super) fn acting_user(credential: &Credential, named: Option<Name>) -> Result<Option<Name>, Problem> {
    let Some(user) = credential.user() else { return Ok(named) };
    let internal = |error: NameError| Problem::new(ErrorCode::Internal, error.to_string());
    let own = Name::new(user.user.to_string()).map_err(internal)?;
    match named {
        Some(named) if named != own => {
            let detail = format!("the access token is of user {own}, the request names {named}; leave it out");
            Err(forbidden(detail).at("/user"))
        }
        _ => Ok(Some(own)),
    }
}

/// The site that a request names in its header. `permissions.rs` has checked that it is of the caller's tenant.
pub(super) fn named_site(headers: &HeaderMap) -> Result<Option<SiteId>, Problem> {
    let Some(value) = headers.get(SITE) else { return Ok(None) };
    let read = value.to_str().ok().and_then(|text| text.parse().ok());
    let bad = || Problem::new(ErrorCode::InvalidParameter, "Comptoir-Site is no site's id").at("Comptoir-Site");
    read.map(Some).ok_or_else(bad)
}

/// The site at which a user acts: of the header, else the only one of the user's roles, else none.
fn site_of(headers: &CallerHeaders, user: &UserAccess) -> Result<Option<SiteId>, Problem> {
    if let Some(named) = named_site(headers)? {
        return Ok(Some(named));
    }
    let everywhere = user.roles.iter().any(|held| held.site.is_none());
    match user.sites().as_slice() {
        [only] if !everywhere => Ok(Some(*only)),
        _ if everywhere => Ok(None),
        _ => {
            let detail = "the user's roles are at several sites: name one in the header Comptoir-Site";
            Err(Problem::new(ErrorCode::InvalidParameter, detail).at("Comptoir-Site"))
        }
    }
}
