//! Invoices. Their number comes from central, with the decision.

use std::sync::Arc;

use axum::extract::{Request, State};
use comptoir_proto::commands_v1::Command;

use super::command::{Recorded, record};
use super::query::PathId;
use crate::node::Node;

/// `POST /api/v1/invoices`.
pub(super) async fn create(State(node): State<Arc<Node>>, request: Request) -> Recorded {
    record(&node, Command::CreateInvoice, None, request).await
}

/// `POST /api/v1/invoices/{id}/cancel`.
pub(super) async fn cancel(State(node): State<Arc<Node>>, PathId(id): PathId, request: Request) -> Recorded {
    record(&node, Command::CancelInvoice, Some(&id), request).await
}
