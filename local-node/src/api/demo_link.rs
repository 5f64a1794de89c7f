use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use comptoir_http_edge::{ProblemResponse, RequestBody, malformed_body};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::status_v1::DemoLinkDto;

use super::authorize::Permitted;
use crate::demo_link::DemoLink;
use crate::node::Node;

const BODY_BYTES_MAX: usize = 1024;

/// `GET /api/v1/demo/link`.
pub(super) async fn show(State(node): State<Arc<Node>>) -> Result<Json<DemoLinkDto>, ProblemResponse> {
    Ok(Json(state(link(&node)?).await))
}

/// `PUT /api/v1/demo/link`: answered once the connection is cut or joined.
pub(super) async fn set(permitted: Permitted, body: RequestBody) -> Result<Json<DemoLinkDto>, ProblemResponse> {
    let link = link(permitted.node())?;
    let body = body.json(BODY_BYTES_MAX).await?;
    let wanted: DemoLinkDto = serde_json::from_slice(&body).map_err(|error| malformed_body(&error))?;
    if let Err(error) = link.set_connected(wanted.connected).await {
        return Err(Problem::new(ErrorCode::Internal, format!("the connection did not change: {error}")).into());
    }
    Ok(Json(state(link).await))
}

fn link(node: &Node) -> Result<&dyn DemoLink, Problem> {
    let missing =
        || Problem::new(ErrorCode::NotFound, "this node is no demonstration: its connection cannot be cut here");
    node.demo_link().map(Arc::as_ref).ok_or_else(missing)
}

async fn state(link: &dyn DemoLink) -> DemoLinkDto {
    DemoLinkDto { connected: link.is_connected().await }
}
