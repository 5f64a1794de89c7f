//! Shared by the routes: the caller, parsing of queries, and writing of responses.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use comptoir_core::id::{SiteId, TenantId};
use comptoir_http_edge::{ProblemResponse, has_current, not_modified, with_etag};
use comptoir_proto::problem::Problem;
use serde::Serialize;
use uuid::Uuid;

use super::auth::{forbidden, reading_credential};
use crate::central::Central;
use crate::identity::{Access, Credential};
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
pub(super) struct ReportCaller(Credential);

impl FromRequestParts<Arc<Central>> for ReportCaller {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, central: &Arc<Central>) -> Result<ReportCaller, ProblemResponse> {
        reading_credential(central, &parts.headers).await.map(ReportCaller)
    }
}

impl ReportCaller {
    /// The caller's tenant; no request can name another.
    pub(super) fn tenant(&self) -> TenantId {
        self.0.tenant
    }

    /// Whether the caller may read all sites.
    pub(super) fn reads_reports(&self) -> Result<(), Problem> {
        match self.0.access {
            Access::Admin => Ok(()),
            Access::Node { .. } => Err(forbidden("reports are read with an administrator's token")),
        }
    }

    /// The site to read: a node reads only its own.
    pub(super) fn site(&self, asked: Option<SiteId>) -> Result<Option<SiteId>, Problem> {
        match (self.0.access, asked) {
            (Access::Admin, asked) => Ok(asked),
            (Access::Node { site: Some(own), .. }, None) => Ok(Some(own)),
            (Access::Node { site: Some(own), .. }, Some(asked)) if asked == own => Ok(Some(own)),
            (Access::Node { .. }, _) => Err(forbidden("a node reads what its own site has")),
        }
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
