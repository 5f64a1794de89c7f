use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use comptoir_http_edge::{PathParams, ProblemResponse, screens_asset, screens_page};

use super::start_page::start_page;
use crate::caller::Caller;
use crate::node::Node;

/// `GET /`: the screens; the start page if this program was compiled without them.
pub(super) async fn page(
    node: State<Arc<Node>>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
) -> Result<Response, ProblemResponse> {
    match screens_page(&headers) {
        Some(page) => Ok(page),
        None => Ok(start_page(node, caller, headers).await?.into_response()),
    }
}

/// `GET /assets/{name}`: a file that the screens load.
pub(super) async fn asset(
    PathParams(name): PathParams<String>,
    headers: HeaderMap,
) -> Result<Response, ProblemResponse> {
    screens_asset(&name, &headers)
}
