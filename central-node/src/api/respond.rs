//! Shared by the routes: the caller, parsing of queries, and writing of responses.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use comptoir_core::access::{AccessOperation, AccessRequest};
use comptoir_core::id::{Name, SiteId, TenantId};
use comptoir_http_edge::{ProblemResponse, has_current, not_modified, with_etag};
use comptoir_proto::problem::Problem;
use serde::Serialize;
use uuid::Uuid;

use super::auth::{allowed_at, credential, forbidden};
use super::caller::CallerHeaders;
use crate::central::Central;
use crate::identity::{Access, Credential, UserAccess};
use crate::reporting::{CSV_CONTENT_TYPE, ReportError};

/// The position up to which a table is complete, which CSV cannot contain.
const COMPLETE_THROUGH: HeaderName = HeaderName::from_static("comptoir-complete-through");
/// Ids of stale sites, separated by commas.
const STALE_SITES: HeaderName = HeaderName::from_static("comptoir-stale-sites");
/// The next page's `cursor`.
const NEXT_CURSOR: HeaderName = HeaderName::from_static("comptoir-next-cursor");

/// The result of a handler.
pub(super) type ReportResponse = Result<Response, ProblemResponse>;

#[derive(Debug)]
pub(super) struct ReportCaller(Arc<Credential>);

impl FromRequestParts<Arc<Central>> for ReportCaller {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, central: &Arc<Central>) -> Result<ReportCaller, ProblemResponse> {
        let headers = CallerHeaders::from_request_parts(parts, central).await?;
        Ok(ReportCaller(credential(&headers)))
    }
}

impl ReportCaller {
    /// The caller's tenant; no request can name another.
    pub(super) fn tenant(&self) -> TenantId {
        self.0.tenant
    }

    /// The site that a report covers; `None` for all sites. A person's report covers the site of the person's roles.
    pub(super) fn reported_site(&self, asked: Option<SiteId>) -> Result<Option<SiteId>, Problem> {
        match &self.0.access {
            Access::Admin => Ok(asked),
            Access::Node { .. } => Err(forbidden("reports are read with an administrator's token")),
            Access::User(user) => self.own_site(user, AccessOperation::Report, asked),
        }
    }

    /// The site to read: a node reads only its own, a person those of the person's roles.
    pub(super) fn site(&self, asked: Option<SiteId>) -> Result<Option<SiteId>, Problem> {
        match (&self.0.access, asked) {
            (Access::User(user), asked) => self.own_site(user, AccessOperation::Read, asked),
            (Access::Admin, asked) => Ok(asked),
            (Access::Node { site: Some(own), .. }, None) => Ok(Some(*own)),
            (Access::Node { site: Some(own), .. }, Some(asked)) if asked == *own => Ok(Some(asked)),
            (Access::Node { .. }, _) => Err(forbidden("a node reads what its own site has")),
        }
    }

    /// Refuses a person who may not read entities of that type, which belong to no site.
    pub(super) fn reads(&self, entity_type: &str) -> Result<(), Problem> {
        let Some(user) = self.0.user() else { return Ok(()) };
        let name = Name::new(entity_type).ok();
        let own = user.sites();
        let sites = own.into_iter().map(Some).chain([None]);
        let request = AccessRequest { entity_type: name.as_ref(), ..AccessRequest::new(AccessOperation::Read) };
        if sites.into_iter().any(|site| user.allows(&request.at(site))) {
            return Ok(());
        }
        Err(forbidden(format!("none of the user's roles may read {entity_type}")))
    }

    fn own_site(
        &self,
        user: &UserAccess,
        operation: AccessOperation,
        asked: Option<SiteId>,
    ) -> Result<Option<SiteId>, Problem> {
        let site = match (asked, user.sites().as_slice()) {
            (None, [only]) if !user.allows(&AccessRequest::new(operation)) => Some(*only),
            (asked, _) => asked,
        };
        allowed_at(&self.0, operation, site)?;
        Ok(site)
    }
}

/// An answer as JSON.
pub(super) fn json(answer: &impl Serialize) -> ReportResponse {
    let body = serde_json::to_vec(answer).map_err(ReportError::from)?;
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// A CSV table, with its freshness in the headers.
pub(super) fn table(
    table: Result<Vec<u8>, ReportError>,
    (complete_through, stale_sites, next_cursor): (u64, &[Uuid], Option<&str>),
) -> ReportResponse {
    let mut response = ([(CONTENT_TYPE, CSV_CONTENT_TYPE)], table?).into_response();
    let headers = response.headers_mut();
    let late: Vec<String> = stale_sites.iter().map(Uuid::to_string).collect();
    headers.insert(COMPLETE_THROUGH, HeaderValue::from(complete_through));
    for (name, value) in [(STALE_SITES, Some(late.join(","))), (NEXT_CURSOR, next_cursor.map(str::to_owned))] {
        // UUIDs, commas and hex digits are always valid in a header.
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

/// A response with its version: a caller that has this version already gets 304 without a body.
pub(super) fn tagged(headers: &HeaderMap, tag: &str, answer: &impl Serialize) -> ReportResponse {
    if has_current(headers, tag) { Ok(not_modified(tag)) } else { Ok(with_etag(json(answer)?, tag)) }
}

/// A response with the version that an edit names in If-Match.
pub(super) fn named(version: u64, answer: &impl Serialize) -> ReportResponse {
    Ok(with_etag(json(answer)?, &format!("\"{version}\"")))
}
