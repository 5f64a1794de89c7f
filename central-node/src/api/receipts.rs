//! `GET /r/{code}`: whether a receipt is genuine. Anybody who has the receipt may ask, so the answer shows only what the receipt
//! shows.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use comptoir_http_edge::{PathParams, ProblemResponse, receipt_answer};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::receipt_code::{NoReceiptCode, ReceiptCode};
use comptoir_proto::receipt_v1::ReceiptProof;

use crate::central::Central;
use crate::database::{self, StoreError};
use crate::event_store;

pub(super) async fn receipt(
    State(central): State<Arc<Central>>,
    PathParams(code): PathParams<String>,
    headers: HeaderMap,
) -> Result<Response, ProblemResponse> {
    let code = code.parse().map_err(|error: NoReceiptCode| Problem::new(ErrorCode::NotFound, error.to_string()))?;
    Ok(receipt_answer(&proof(&central, &code).await?, &headers))
}

async fn proof(central: &Central, code: &ReceiptCode) -> Result<ReceiptProof, StoreError> {
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, code.tenant).await?;
    let row = event_store::at_place(&tx, code.tenant, code.node, (code.epoch, code.seq)).await?;
    let Some(row) = row else { return Ok(ReceiptProof::not_recorded()) };
    let sealed = row.sealed().map_err(|error| StoreError::Damaged(error.to_string()))?;
    let verdict = sealed.decision.judgement.verdict.as_str().to_owned();
    let proof = sealed.event.ok().map(|event| ReceiptProof::of(code, &event, row.chain, Some(verdict)));
    Ok(proof.unwrap_or_else(ReceiptProof::not_recorded))
}
