//! The routes of the typed commands. Each request becomes one draft, which is appended like any other. The bodies are the same as
//! at a node; only central has a route that creates a delivery.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{MethodRouter, patch, post};
use axum::{Json, Router};
use comptoir_core::limits::LIST_BODY_BYTES_MAX;
use comptoir_http_edge::{PathParams, ProblemResponse, RequestBody, idempotency_key};
use comptoir_proto::api_v1::DecidedResponse;
use comptoir_proto::commands_v1::ShopCommand;
use comptoir_proto::paths;

use super::auth::DraftWriter;
use super::caller::CallerHeaders;
use super::edits::{append_edit, if_match_version};
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
            post(|state, id, headers, body| on_entity(ShopCommand::CancelInvoice, state, id, headers, body)),
        )
        .route(paths::DELIVERIES, create(ShopCommand::CreateDelivery))
        .route(
            paths::DELIVERY_VALIDATE,
            post(|state, id, headers, body| on_entity(ShopCommand::ValidateDelivery, state, id, headers, body)),
        )
        .route(paths::CLIENTS, create(ShopCommand::CreateEntity))
        .route(
            paths::CLIENT,
            patch(|state, id, headers, body| on_entity(ShopCommand::UpdateEntity, state, id, headers, body))
                .put(|state, id, headers, body| on_entity(ShopCommand::UpdateEntity, state, id, headers, body))
                .delete(|state, id, headers, body| on_entity(ShopCommand::DeleteEntity, state, id, headers, body)),
        )
}

/// The route of a command whose path names no entity.
fn create(command: ShopCommand) -> MethodRouter<Arc<Central>> {
    post(move |State(central): State<Arc<Central>>, headers: CallerHeaders, body: RequestBody| async move {
        run_command(&central, command, None, &headers, body).await
    })
}

/// A command about the entity that its path names.
async fn on_entity(
    command: ShopCommand,
    State(central): State<Arc<Central>>,
    PathParams(id): PathParams<String>,
    headers: CallerHeaders,
    body: RequestBody,
) -> CommandResponse {
    run_command(&central, command, Some(&id), &headers, body).await
}

async fn run_command(
    central: &Arc<Central>,
    command: ShopCommand,
    path_id: Option<&str>,
    headers: &CallerHeaders,
    body: RequestBody,
) -> CommandResponse {
    let author = DraftWriter::of(headers)?;
    author.may_run(command, None)?;
    let key = idempotency_key(headers)?;
    let edits = matches!(command, ShopCommand::UpdateEntity | ShopCommand::DeleteEntity);
    let base = edits.then(|| if_match_version(headers)).transpose()?;
    let body = body.json_or_nothing(LIST_BODY_BYTES_MAX).await?;
    let dto = command.draft(path_id, &body, &author, key)?;
    let decided = append_edit(central, &author, dto, base).await;
    let decided = decided.map_err(|problem| command.problem(problem))?;
    Ok(Json(DecidedResponse { results: vec![decided] }))
}
