use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use comptoir_http_edge::ProblemResponse;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

use crate::identity::Credential;

/// The headers of a request that the check of permissions has let through, with its credential.
pub(crate) struct CallerHeaders {
    headers: HeaderMap,
    credential: Arc<Credential>,
}

impl CallerHeaders {
    /// Whose request it is.
    pub(crate) fn credential(&self) -> &Arc<Credential> {
        &self.credential
    }
}

impl std::ops::Deref for CallerHeaders {
    type Target = HeaderMap;

    fn deref(&self) -> &HeaderMap {
        &self.headers
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CallerHeaders {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<CallerHeaders, ProblemResponse> {
        // A route that the table leaves open has no credential, and must not ask for one.
        let missing = || Problem::new(ErrorCode::Internal, "the route asks for a credential and is open");
        let credential = parts.extensions.get::<Arc<Credential>>().cloned().ok_or_else(missing)?;
        Ok(CallerHeaders { headers: parts.headers.clone(), credential })
    }
}
