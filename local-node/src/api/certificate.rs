//! How tills and phones are made to trust this node's certificate.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use comptoir_http_edge::{ProblemResponse, ca_file, ca_page};

use crate::blocking::blocking;
use crate::node::Node;

/// `GET /ca`.
pub(super) async fn page(State(node): State<Arc<Node>>, request: Request) -> Response {
    let pem = authority(&node).await;
    ca_page(pem.as_deref(), request.headers(), request.extensions())
}

/// `GET /ca.crt`.
pub(super) async fn file(State(node): State<Arc<Node>>) -> Result<Response, ProblemResponse> {
    ca_file(authority(&node).await)
}

/// The authority's certificate, once central has issued this node one.
async fn authority(node: &Node) -> Option<String> {
    let path = node.ca_path();
    blocking(move || std::fs::read_to_string(path).ok()).await
}
