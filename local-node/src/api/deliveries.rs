//! Deliveries. Central creates them; whoever hands one over validates it, and the first to do so stands.

use std::sync::Arc;

use axum::extract::{Request, State};
use comptoir_proto::commands_v1::Command;

use super::command::{Recorded, record};
use super::query::PathId;
use crate::node::Node;

/// `POST /api/v1/deliveries/{id}/validate`.
pub(super) async fn validate(State(node): State<Arc<Node>>, PathId(id): PathId, request: Request) -> Recorded {
    record(&node, Command::ValidateDelivery, Some(&id), request).await
}
