//! Typed commands: they build drafts, nothing more. The same bodies as at a node, and creating a delivery besides.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{MethodRouter, patch, post};
use axum::{Json, Router};
use comptoir_core::limits::LIST_BODY_BYTES_MAX;
use comptoir_proto::api_v1::{Decided, DecidedResponse};
use comptoir_proto::commands_v1::ShopCommand;
use comptoir_proto::paths;
use comptoir_proto::problem::Problem;

use super::auth::author;
use super::auth::credential;
use super::drafts::append_one;
use super::edits::{append_seen, version};
use super::error::ProblemResponse;
use super::request::{Path, body_bytes, expect_json, idempotency_key};
use crate::central::Central;

type CommandResponse = Result<Json<DecidedResponse>, ProblemResponse>;

pub(super) fn router() -> Router<Arc<Central>> {
    Router::new()
        .route(paths::SALES, create(ShopCommand::RecordSale))
        .route(paths::REFUNDS, create(ShopCommand::RefundSale))
        .route(paths::RECEPTIONS, create(ShopCommand::ReceiveGoods))
        .route(paths::INVOICES, create(ShopCommand::CreateInvoice))
        .route(
            paths::INVOICE_CANCEL,
            post(|state, id, headers, body| about(ShopCommand::CancelInvoice, state, id, headers, body)),
        )
        .route(paths::DELIVERIES, create(ShopCommand::CreateDelivery))
        .route(
            paths::DELIVERY_VALIDATE,
            post(|state, id, headers, body| about(ShopCommand::ValidateDelivery, state, id, headers, body)),
        )
        .route(paths::CLIENTS, create(ShopCommand::CreateClient))
        .route(
            paths::CLIENT,
            patch(|state, id, headers, body| about(ShopCommand::UpdateClient, state, id, headers, body))
                .put(|state, id, headers, body| about(ShopCommand::UpdateClient, state, id, headers, body))
                .delete(|state, id, headers, body| about(ShopCommand::DeleteClient, state, id, headers, body)),
        )
}

/// A command that makes something new.
fn create(command: ShopCommand) -> MethodRouter<Arc<Central>> {
    post(move |State(central): State<Arc<Central>>, headers: HeaderMap, body: Body| async move {
        run_command(&central, command, None, &headers, body).await
    })
}

/// A command about what its path names.
async fn about(
    command: ShopCommand,
    State(central): State<Arc<Central>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> CommandResponse {
    run_command(&central, command, Some(&id), &headers, body).await
}

async fn run_command(
    central: &Arc<Central>,
    command: ShopCommand,
    path_id: Option<&str>,
    headers: &HeaderMap,
    body: Body,
) -> CommandResponse {
    let credential = credential(central, headers).await?;
    let author = author(&credential);
    if command != ShopCommand::DeleteClient {
        expect_json(headers)?;
    }
    let key = idempotency_key(headers)?;
    let edits = matches!(command, ShopCommand::UpdateClient | ShopCommand::DeleteClient);
    let seen = edits.then(|| version(headers)).transpose()?;
    let (body, _reserved) = body_bytes(central, headers, body, LIST_BODY_BYTES_MAX).await?;
    let dto = command.draft(path_id, &body, &author, key)?;
    let decided: Result<Decided, Problem> = match seen {
        Some(seen) => append_seen(central, credential.tenant, &author, dto, seen).await,
        None => append_one(central, credential.tenant, &author, key, dto).await,
    };
    let decided = decided.map_err(|problem| command.problem(problem))?;
    Ok(Json(DecidedResponse { results: vec![decided] }))
}
