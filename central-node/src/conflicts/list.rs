//! Finds conflicts: the open ones, or all.
//!
//! Lists are in log order: an open conflict is at the position of the edit that opened it, a decided one at the position of
//! its resolution. So pages never shift while a person reads them.

use comptoir_core::fact::Fact;
use comptoir_core::id::{EventId, Name, NodeId, TenantId};
use comptoir_core::position::Position;
use comptoir_proto::{payload, stored_v1};
use deadpool_postgres::Transaction;

use super::history::{self, Conflict};
use crate::database::{self, Database, StoreError, as_bigint};
use crate::event_store::{self, OpenConflictFilter};
use crate::state_store::Versions;

/// The conflicts to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) entity_type: Option<Name>,
    pub(crate) entity_id: Option<Name>,
    pub(crate) node: Option<NodeId>,
    pub(crate) all: bool,
}

#[derive(Debug)]
pub(crate) struct ConflictPage {
    pub(crate) conflicts: Vec<Conflict>,
    /// The last position that was searched.
    pub(crate) next: Position,
    /// Whether more may follow. A page of all conflicts may be shorter than requested without being the last.
    pub(crate) more: bool,
}

/// Conflicts after a position.
pub(crate) async fn list(
    database: &Database,
    tenant: TenantId,
    filter: &Filter,
    after: Position,
    limit: usize,
) -> Result<ConflictPage, StoreError> {
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let mut found = open(&tx, tenant, filter, after, limit + 1).await?;
    if filter.all {
        found.extend(decided(&tx, tenant, filter, after, limit + 1).await?);
        found.sort_unstable();
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().map_or(after, |(position, _)| *position);
    let mut conflicts = Vec::with_capacity(found.len());
    for (_, event) in found {
        let conflict = history::find(&tx, tenant, event, filter.node).await?;
        conflicts.extend(conflict);
    }
    Ok(ConflictPage { conflicts, next, more })
}

async fn open(
    tx: &Transaction<'_>,
    tenant: TenantId,
    filter: &Filter,
    after: Position,
    limit: usize,
) -> Result<Vec<(Position, EventId)>, StoreError> {
    let version = Versions::active(tx, tenant).await?.entities;
    let filter = OpenConflictFilter {
        entity_type: filter.entity_type.as_ref().map(Name::as_str),
        entity_id: filter.entity_id.as_ref().map(Name::as_str),
        node: filter.node,
    };
    event_store::open_conflicts(tx, tenant, version, filter, after, limit).await
}

async fn decided(
    tx: &Transaction<'_>,
    tenant: TenantId,
    filter: &Filter,
    after: Position,
    limit: usize,
) -> Result<Vec<(Position, EventId)>, StoreError> {
    let about = (filter.entity_type.as_ref().map(Name::as_str), filter.entity_id.as_ref().map(Name::as_str));
    let rows = event_store::resolutions(tx, tenant, about, after, as_bigint(limit as u64)).await?;
    let mut decided = Vec::with_capacity(rows.len());
    for row in rows {
        let damaged = |why: String| StoreError::Damaged(format!("the record at position {}: {why}", row.position));
        let event = stored_v1::decode(&row.record).map_err(|error| damaged(error.to_string()))?;
        let known = payload::parse(event).map_err(|(_, error)| damaged(error.to_string()))?;
        if let Fact::ConflictResolved(resolved) = known.fact {
            decided.push((row.position, resolved.conflict));
        }
    }
    Ok(decided)
}
