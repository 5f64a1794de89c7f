//! The position of a feed reader, and whether its rows come from this log.

use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::Position;
use comptoir_proto::pull_v1::{Proof, RowKey};
use deadpool_postgres::Transaction;
use tokio_postgres::IsolationLevel;
use uuid::Uuid;

use super::scope::Scope;
use crate::database::{StoreError, set_tenant};
use crate::event_store::{TenantHead, decision_chain_at};

/// A reader's progress: everything up to `position`, but of `position` itself, if a key is set, only the rows up to that key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FeedPosition {
    pub(crate) position: Position,
    /// The last row of `position` that the reader has.
    pub(crate) key: Option<RowKey>,
}

impl FeedPosition {
    /// Everything up to a position.
    pub(crate) fn position(position: Position) -> FeedPosition {
        FeedPosition { position, key: None }
    }
}

/// A node that reads the feed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeCaller {
    pub(crate) tenant: TenantId,
    pub(crate) node: NodeId,
    pub(crate) scope: Scope,
}

/// Why a feed request is refused. After all but the last three a node has to bootstrap again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FeedError {
    #[error("the cursor is of central {cursor}, this is {this}")]
    OtherCentral { cursor: Uuid, this: Uuid },
    #[error("the cursor is for scope {cursor:?}, the node now has {now:?}")]
    OtherScope { cursor: String, now: String },
    /// This central has lost positions that it had assigned.
    #[error("the cursor is at position {position}, the log ends at {head}: it was restored")]
    AheadOfLog { position: Position, head: Position },
    /// Central was restored from an older copy and has grown since. Every reader's cursor reveals this, without an operator.
    #[error(
        "the cursor was given when the decisions up to position {position} ended in {given}, here they end in {here}: \
         this central was restored"
    )]
    OtherPast { position: Position, given: String, here: String, head: Position },
    #[error("{loads_max} first loads run already")]
    Busy { loads_max: usize },
    #[error(transparent)]
    Encoder(#[from] std::io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Refuses a position ahead of the log.
pub(super) fn check_not_ahead(position: Position, head: Position) -> Result<(), FeedError> {
    if position > head { Err(FeedError::AheadOfLog { position, head }) } else { Ok(()) }
}

/// Refuses a proof from another past than this log's.
pub(super) async fn check_same_past(
    tx: &Transaction<'_>,
    tenant: TenantId,
    proof: &Proof,
    head: &TenantHead,
) -> Result<(), FeedError> {
    let position = Position(proof.position);
    check_not_ahead(position, head.head)?;
    // A proof names the end of a batch: if the past is the same, this reads one row.
    let chain =
        if position == head.head { head.decision_chain } else { decision_chain_at(tx, tenant, position).await? };
    let here = Proof::new(position, chain);
    if here == *proof {
        return Ok(());
    }
    Err(FeedError::OtherPast { position, given: proof.chain.clone(), here: here.chain, head: head.head })
}

/// A read-only transaction on one snapshot.
pub(super) async fn snapshot(
    connection: &mut deadpool_postgres::Object,
    tenant: TenantId,
) -> Result<Transaction<'_>, StoreError> {
    let tx =
        connection.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true).start().await?;
    set_tenant(&tx, tenant).await?;
    Ok(tx)
}
