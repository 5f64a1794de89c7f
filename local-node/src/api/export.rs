//! `GET /api/v1/events/export`: the whole log as a bundle, streamed, for an auditor who needs nothing else.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use comptoir_core::chain::genesis;
use comptoir_core::position::Seq;
use comptoir_proto::bundle_v1::{self, EpochStart, NodeBundleWriter, WriteError};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::event_log::{Log, ReadError};
use crate::node::Node;

/// Records read from the log at once.
const READ_RECORDS: usize = 1_000;
const READ_BYTES: usize = 1024 * 1024;
/// Pieces that wait for a slow reader.
const PIECES_AHEAD: usize = 4;

type Piece = Result<Bytes, ExportError>;

/// Why an export broke off. Its end is missing then, so that nobody takes it for whole.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("the log cannot be read: {0}")]
    Read(#[from] ReadError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("the reader went away")]
    Gone,
}

pub(super) async fn bundle(State(node): State<Arc<Node>>) -> Response {
    let (pieces, body) = mpsc::channel::<Piece>(PIECES_AHEAD);
    let log = node.log().clone();
    let name = format!("attachment; filename=\"{}.bundle\"", log.identity().node);
    tokio::task::spawn_blocking(move || match write(&log, &pieces) {
        Ok(()) => {}
        Err(ExportError::Gone) => tracing::debug!("The reader of an export went away"),
        Err(error) => {
            tracing::error!(%error, "An export broke off: {error}");
            // The reader hears of it by the broken body.
            drop(pieces.blocking_send(Err(error)));
        }
    });
    let headers = [(CONTENT_TYPE, bundle_v1::CONTENT_TYPE.to_owned()), (CONTENT_DISPOSITION, name)];
    (headers, Body::from_stream(ReceiverStream::new(body))).into_response()
}

/// Writes every epoch up to what is durable now.
fn write(log: &Log, pieces: &mpsc::Sender<Piece>) -> Result<(), ExportError> {
    let identity = log.identity();
    let head = log.head();
    let mut bundle = NodeBundleWriter::start(Vec::new(), identity.tenant, identity.node)?;
    for epoch in log.epochs().into_iter().filter(|epoch| epoch.number <= head.epoch.number) {
        let chain = genesis(identity.tenant, identity.node, epoch);
        bundle.epoch(EpochStart { epoch, after: Seq::ZERO, chain })?;
        let last = if epoch == head.epoch { head.marks.durable } else { Seq(u64::MAX) };
        let acked = log.acked(epoch.number)?;
        let mut from = Seq(1);
        while from <= last {
            let sealed = log.read(epoch.number, from, READ_RECORDS, READ_BYTES)?;
            let Some(read) = sealed.last() else { break };
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

fn send(pieces: &mpsc::Sender<Piece>, piece: Vec<u8>) -> Result<(), ExportError> {
    if piece.is_empty() {
        return Ok(());
    }
    pieces.blocking_send(Ok(piece.into())).map_err(|_| ExportError::Gone)
}
