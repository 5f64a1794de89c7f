//! Finds conflicts: the open ones, or all.
//!
//! Lists are in log order: an open conflict is at the position of the edit that opened it, a decided one at the position of
//! its resolution. So pages never shift while a person reads them.

use comptoir_core::fact::Fact;
use comptoir_core::id::{EventId, Name, NodeId, TenantId};
use comptoir_core::position::Position;
use comptoir_proto::{payload, stored_v1};
use deadpool_postgres::Transaction;
use uuid::Uuid;

use super::history::{self, Conflict};
use crate::database::{self, Database, StoreError, as_bigint};
use crate::event_store::{self, OpenConflictFilter};
use crate::identity::SiteView;
use crate::state_store::Versions;

/// The conflicts to list.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) entity_type: Option<Name>,
    pub(crate) entity_id: Option<Name>,
    pub(crate) node: Option<NodeId>,
    pub(crate) all: bool,
    /// Conflicts of edits of these sites.
    pub(crate) sites: SiteView,
}

#[derive(Debug)]
pub(crate) struct ConflictPage {
    pub(crate) conflicts: Vec<Conflict>,
    /// The last position that was read.
    pub(crate) next: Position,
    /// Whether more follow.
    pub(crate) more: bool,
}

/// Conflicts after a position. Only the resolutions of other nodes' edits are read for nothing, where a node is asked for.
pub(crate) async fn list(
    database: &Database,
    tenant: TenantId,
    filter: &Filter,
    after: Position,
    limit: usize,
) -> Result<ConflictPage, StoreError> {
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let (mut conflicts, mut next) = (Vec::with_capacity(limit), after);
    loop {
        // One more than the page shows whether another page follows.
        let found = found_after(&tx, tenant, filter, next, limit + 1).await?;
        let is_last = found.len() <= limit;
        for (position, event) in found {
            let conflict = history::find(&tx, tenant, event, filter.node).await?;
            if conflict.is_some() && conflicts.len() == limit {
                return Ok(ConflictPage { conflicts, next, more: true });
            }
            conflicts.extend(conflict);
            next = position;
        }
        if is_last {
            return Ok(ConflictPage { conflicts, next, more: false });
        }
    }
}

/// The next conflicts of the filter's sites, with their positions.
async fn found_after(
    tx: &Transaction<'_>,
    tenant: TenantId,
    filter: &Filter,
    after: Position,
    limit: usize,
) -> Result<Vec<(Position, EventId)>, StoreError> {
    let sites = filter.sites.ids();
    let mut found = open(tx, tenant, filter, sites.as_deref(), (after, limit)).await?;
    if filter.all {
        found.extend(decided(tx, tenant, filter, sites.as_deref(), (after, limit)).await?);
        found.sort_unstable();
        found.truncate(limit);
    }
    Ok(found)
}

async fn open(
    tx: &Transaction<'_>,
    tenant: TenantId,
    filter: &Filter,
    sites: Option<&[Uuid]>,
    (after, limit): (Position, usize),
) -> Result<Vec<(Position, EventId)>, StoreError> {
    let version = Versions::active(tx, tenant).await?.entities;
    let filter = OpenConflictFilter {
        entity_type: filter.entity_type.as_ref().map(Name::as_str),
        entity_id: filter.entity_id.as_ref().map(Name::as_str),
        node: filter.node,
        sites,
    };
    event_store::open_conflicts(tx, tenant, version, filter, after, limit).await
}

async fn decided(
    tx: &Transaction<'_>,
    tenant: TenantId,
    filter: &Filter,
    sites: Option<&[Uuid]>,
    (after, limit): (Position, usize),
) -> Result<Vec<(Position, EventId)>, StoreError> {
    let about = (filter.entity_type.as_ref().map(Name::as_str), filter.entity_id.as_ref().map(Name::as_str));
    let rows = event_store::resolutions(tx, tenant, about, sites, (after, as_bigint(limit as u64))).await?;
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
