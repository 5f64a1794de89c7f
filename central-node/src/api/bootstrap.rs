//! `GET /api/v1/sync/bootstrap`: the bootstrap of a node, as a zstd stream of lines.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use comptoir_http_edge::{ProblemResponse, read_query};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::pull_v1::BOOTSTRAP_TYPE;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_stream::wrappers::ReceiverStream;

use super::auth::node_caller;
use super::caller::CallerHeaders;
use crate::central::Central;
use crate::feed::{self, Token};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BootstrapQuery {
    /// The last `mark` that was stored.
    after: Option<String>,
}

pub(super) async fn bootstrap(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: CallerHeaders,
) -> Result<Response, ProblemResponse> {
    let caller = node_caller(&headers)?;
    let query: BootstrapQuery = read_query(&uri).map_err(|problem| problem.at("after"))?;
    let bad = |detail: String| Problem::new(ErrorCode::InvalidParameter, detail).at("after");
    let mark = query.after.as_deref().map(str::parse::<Token>).transpose().map_err(|error| bad(error.to_string()))?;
    let feed = central.feed();
    if let Some(mark) = &mark {
        feed.check_made_here(caller.scope, mark.incarnation, &mark.scope)?;
    }
    let blocks = feed::bootstrap(feed, caller, mark).await?;
    let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static(BOOTSTRAP_TYPE))];
    Ok((content_type, Body::from_stream(ReceiverStream::new(blocks))).into_response())
}
