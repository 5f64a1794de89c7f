//! `GET /api/v1/events/export`: the tenant's log as a streamed bundle. It ends at the head of the moment of the request, or
//! with an error if that head cannot be reached without a gap; it is never silently short.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use comptoir_core::chain::{ChainHash, decision_link};
use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_http_edge::{ProblemResponse, read_query};
use comptoir_proto::bundle_v1::{CONTENT_TYPE, CentralBundleWriter, Entry, WriteError};
use comptoir_proto::damage::Damage;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::auth::admin;
use super::caller::CallerHeaders;
use crate::central::Central;
use crate::database::{self, StoreError};
use crate::event_store::{self, TenantHead, decision_chain_at, tenant_head};
use crate::store_check;
use crate::tenant::Tenant;

/// Rows per page: each page is a short transaction, so that a slow reader blocks nothing.
const PAGE_ROWS: i64 = 500;
/// Positions per page: a page with fewer rows has a hole.
const PAGE_POSITIONS: u64 = PAGE_ROWS as u64;

/// Selects the start of the export.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportQuery {
    /// The position after which the export begins.
    #[serde(default)]
    #[schemars(with = "words::PositionNumber")]
    after: u64,
}

type Writer = CentralBundleWriter<Vec<u8>>;

/// Streams the log after a position, with its decisions.
pub(super) async fn export(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: CallerHeaders,
) -> Result<Response, ProblemResponse> {
    let credential = admin(&headers)?;
    let tenant = credential.tenant;
    let query: ExportQuery = read_query(&uri)?;
    let after = Position(query.after);
    let (head, chain, context) = {
        let mut connection = central.database().service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        let headless = || StoreError::Damaged(format!("tenant {tenant} has a credential and no row in tenant_head"));
        let head = tenant_head(&tx, tenant).await?.ok_or_else(headless)?;
        if after > head.head {
            let detail = format!("the log ends at position {}, asked for what comes after {after}", head.head);
            return Err(Problem::new(ErrorCode::InvalidParameter, detail).into());
        }
        let loaded = Tenant::load(&tx, tenant).await?;
        let no_tenant = || StoreError::Damaged(format!("tenant {tenant} has a credential and no row"));
        (head, decision_chain_at(&tx, tenant, after).await?, loaded.ok_or_else(no_tenant)?.context())
    };
    let writer = Writer::start(Vec::new(), tenant, (after, chain), &context);
    let writer = writer.map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    let (chunks, body) = mpsc::channel::<Result<Bytes, std::io::Error>>(4);
    tokio::spawn(async move {
        if let Err(error) = write_bundle(&central, tenant, writer, (after, chain), head, &chunks).await {
            tracing::error!(tenant.id = %tenant, %error, "an export broke off");
            // The body ends with an error: a truncated bundle has no end mark, and its reader reports that.
            let _ = chunks.send(Err(std::io::Error::other(error))).await;
        }
    });
    let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE))];
    Ok((content_type, Body::from_stream(ReceiverStream::new(body))).into_response())
}

/// Streams up to the head. Missing or unreadable rows, or decisions whose chain does not lead to the head, end the stream
/// with an error and are recorded as damage of the store.
async fn write_bundle(
    central: &Central,
    tenant: TenantId,
    mut writer: Writer,
    (mut at, mut chain): (Position, ChainHash),
    head: TenantHead,
    chunks: &mpsc::Sender<Result<Bytes, std::io::Error>>,
) -> Result<(), StoreError> {
    let too_large = |error: WriteError| StoreError::Damaged(error.to_string());
    let damaged = |damage: Damage, range: (Position, Position), found: &str| {
        let finding = store_check::met(damage, tenant, range, found);
        central.store_findings().met(finding.clone());
        StoreError::DamagedLog(Box::new(finding))
    };
    while at < head.head {
        let last = Position(at.0.saturating_add(PAGE_POSITIONS).min(head.head.0));
        let rows = match log_page(central, tenant, at, last).await {
            Err(StoreError::DamagedLog(finding)) => {
                central.store_findings().met((*finding).clone());
                return Err(StoreError::DamagedLog(finding));
            }
            Err(StoreError::Damaged(error)) => {
                return Err(damaged(Damage::Unreadable, (at.next(), last), &error));
            }
            rows => rows?,
        };
        for row in rows {
            if row.position != at.next() {
                let missing = (at.next(), Position(row.position.0 - 1));
                return Err(damaged(Damage::MissingPositions, missing, "none"));
            }
            at = row.position;
            chain = decision_link(chain, &row.decision);
            let entry = Entry {
                position: row.position,
                node: row.node,
                epoch: row.epoch,
                seq: row.seq,
                chain: row.chain,
                decision_chain: chain,
                record: &row.record,
                decision: &row.decision,
            };
            writer.entry(entry).map_err(too_large)?;
        }
        if at < last {
            return Err(damaged(Damage::MissingPositions, (at.next(), last), "none"));
        }
        if !send(chunks, writer.take_chunk()).await {
            return Ok(());
        }
    }
    if chain != head.decision_chain {
        let found = format!("decisions that come to {chain}, the head says {}", head.decision_chain);
        return Err(damaged(Damage::DecisionChain, (head.head, head.head), &found));
    }
    let end = writer.finish().map_err(too_large)?;
    send(chunks, end).await;
    Ok(())
}

async fn log_page(
    central: &Central,
    tenant: TenantId,
    after: Position,
    last: Position,
) -> Result<Vec<event_store::LogRow>, StoreError> {
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    event_store::log_page(&tx, tenant, after, last, PAGE_ROWS).await
}

/// Sends a chunk; false if the reader has disconnected.
async fn send(chunks: &mpsc::Sender<Result<Bytes, std::io::Error>>, chunk: Vec<u8>) -> bool {
    chunk.is_empty() || chunks.send(Ok(chunk.into())).await.is_ok()
}
