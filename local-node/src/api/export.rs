//! `GET /api/v1/events/export`: streams the whole log as a bundle for an auditor.
//!
//! A log that is known to be damaged is refused, and an export that meets damage breaks off: an incomplete file never looks
//! complete. With `incomplete=true` the readable part before the damage is answered, as a bundle that names the heads it does not
//! reach.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::Uri;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use comptoir_core::chain::{ChainHash, genesis};
use comptoir_core::position::{Epoch, Seq};
use comptoir_http_edge::{ProblemResponse, invalid_parameter, read_query};
use comptoir_proto::bundle_v1::{self, EpochHead, EpochStart, NodeBundleWriter, WriteError};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::refusal::damaged;
use crate::event_log::{Log, ReadError};
use crate::node::Node;

/// Records read from the log at once.
const READ_RECORDS: usize = 1_000;
const READ_BYTES: usize = 1024 * 1024;
/// Chunks buffered for a slow reader.
const PIECES_AHEAD: usize = 4;

/// The chain at a head whose record is missing.
const CHAIN_UNKNOWN: ChainHash = ChainHash([0; 32]);

type Piece = Result<Bytes, ExportError>;

/// Why an export broke off. Its end frame is then missing, so that nobody takes it for complete.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("the log cannot be read: {0}")]
    Read(#[from] ReadError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("epoch {0}: the records of seq {1} to {2} are missing")]
    Short(u32, Seq, Seq),
    #[error("the reader went away")]
    Gone,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Export {
    /// `true`: export the readable part of a damaged log. The bundle does not reach the heads that it names.
    incomplete: Option<String>,
}

pub(super) async fn bundle(State(node): State<Arc<Node>>, uri: Uri) -> Result<Response, ProblemResponse> {
    let Export { incomplete } = read_query(&uri)?;
    let incomplete = match incomplete.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => return Err(invalid_parameter("incomplete", other, "true or false").into()),
    };
    if let (false, Some(problem)) = (incomplete, damaged(node.log())) {
        return Err(problem.into());
    }
    let (pieces, body) = mpsc::channel::<Piece>(PIECES_AHEAD);
    let log = node.log().clone();
    let name = format!("attachment; filename=\"{}.bundle\"", log.identity().node);
    tokio::task::spawn_blocking(move || match write(&log, incomplete, &pieces) {
        Ok(()) => {}
        Err(ExportError::Gone) => tracing::debug!("The reader of an export went away"),
        Err(error) => {
            tracing::error!(%error, "An export broke off: {error}");
            // The reader sees a broken body.
            drop(pieces.blocking_send(Err(error)));
        }
    });
    let headers = [(CONTENT_TYPE, bundle_v1::CONTENT_TYPE.to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(ReceiverStream::new(body))).into_response())
}

/// Writes every epoch up to the durable mark. If requested, writes the readable part of a damaged epoch.
fn write(log: &Log, incomplete: bool, pieces: &mpsc::Sender<Piece>) -> Result<(), ExportError> {
    let identity = log.identity();
    let head = log.head();
    let mut bundle = NodeBundleWriter::start(Vec::new(), identity.tenant, identity.node)?;
    for epoch in log.epochs().into_iter().filter(|epoch| epoch.number <= head.epoch.number) {
        let chain = genesis(identity.tenant, identity.node, epoch);
        bundle.epoch(EpochStart { epoch, after: Seq::ZERO, chain })?;
        let (last, chain) = if epoch == head.epoch { (head.marks.durable, head.chain) } else { closed(log, epoch)? };
        bundle.head(promised(log, epoch).unwrap_or(EpochHead { seq: last, chain }))?;
        let acked = log.acked(epoch.number)?;
        let mut from = Seq(1);
        while from <= last {
            let sealed = match log.read(epoch.number, from, READ_RECORDS, READ_BYTES) {
                Err(error) if incomplete => {
                    tracing::warn!(
                        "An incomplete export leaves out epoch {} from seq {from} on: {error}",
                        epoch.number
                    );
                    break;
                }
                sealed => sealed?,
            };
            let Some(read) = sealed.last() else { return Err(ExportError::Short(epoch.number, from, last)) };
            from = read.seq.next();
            for sealed in sealed.into_iter().filter(|sealed| sealed.seq <= last) {
                bundle.record(&sealed.record, sealed.chain)?;
                if sealed.seq <= acked
                    && let Some(decision) = log.decision(epoch.number, sealed.seq)?
                {
                    bundle.answer(&decision)?;
                }
            }
            send(pieces, bundle.take_chunk())?;
        }
    }
    send(pieces, bundle.finish()?)
}

/// The end of a closed epoch.
fn closed(log: &Log, epoch: Epoch) -> Result<(Seq, ChainHash), ExportError> {
    log.end(epoch.number).ok_or(ExportError::Short(epoch.number, Seq(1), Seq(u64::MAX)))
}

/// The head of an epoch that lost its end: the records up to it were acknowledged.
fn promised(log: &Log, epoch: Epoch) -> Option<EpochHead> {
    let missing = log.status().state.missing().filter(|missing| missing.epoch == epoch.number)?;
    let (seq, end) = (Seq(missing.last), log.last(epoch.number));
    (seq > end).then_some(EpochHead { seq, chain: CHAIN_UNKNOWN })
}

fn send(pieces: &mpsc::Sender<Piece>, piece: Vec<u8>) -> Result<(), ExportError> {
    if piece.is_empty() {
        return Ok(());
    }
    pieces.blocking_send(Ok(piece.into())).map_err(|_| ExportError::Gone)
}
