//! Finds conflicts: the open ones, or all.
//!
//! Lists are in log order: an open conflict is at the position of the edit that opened it, a decided one at the position of
//! its resolution. So pages never shift while a person reads them.

use std::collections::BTreeSet;

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
    /// The last position that was searched.
    pub(crate) next: Position,
    /// Whether more may follow. A page may be shorter than requested without being the last: it has fewer conflicts than
    /// resolutions, and ends after [`SEARCHED_MAX`].
    pub(crate) more: bool,
}

/// Positions that are looked at for one page. Only a page of one site's conflicts among very many of others reaches it.
const SEARCHED_MAX: usize = 10_000;

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
    let (mut next, mut more, mut searched) = (after, true, 0);
    let mut listed: Vec<EventId> = Vec::with_capacity(limit);
    while more && listed.len() < limit && searched < SEARCHED_MAX {
        let found = found_after(&tx, tenant, filter, next, limit + 1).await?;
        more = found.len() > limit;
        searched += found.len();
        let page = &found[..found.len().min(limit)];
        let visible = visible(&tx, tenant, filter, page).await?;
        for (position, event) in page {
            if listed.len() == limit {
                more = true;
                break;
            }
            next = *position;
            if visible.contains(event) {
                listed.push(*event);
            }
        }
    }
    let mut conflicts = Vec::with_capacity(listed.len());
    for event in listed {
        let conflict = history::find(&tx, tenant, event, filter.node).await?;
        conflicts.extend(conflict);
    }
    Ok(ConflictPage { conflicts, next, more })
}

/// The next conflicts of any site, with their positions.
async fn found_after(
    tx: &Transaction<'_>,
    tenant: TenantId,
    filter: &Filter,
    after: Position,
    limit: usize,
) -> Result<Vec<(Position, EventId)>, StoreError> {
    let mut found = open(tx, tenant, filter, after, limit).await?;
    if filter.all {
        found.extend(decided(tx, tenant, filter, after, limit).await?);
        found.sort_unstable();
        found.truncate(limit);
    }
    Ok(found)
}

/// Those of the filter's sites. The site of an edit is in its sealed record.
async fn visible(
    tx: &Transaction<'_>,
    tenant: TenantId,
    filter: &Filter,
    found: &[(Position, EventId)],
) -> Result<BTreeSet<EventId>, StoreError> {
    let ids = found.iter().map(|(_, event)| *event);
    // A node is shown the conflicts of its own edits.
    if filter.sites == SiteView::All || filter.node.is_some() {
        return Ok(ids.collect());
    }
    let ids: Vec<Uuid> = ids.map(|event| event.uuid()).collect();
    let rows = event_store::by_event_ids(tx, tenant, &ids).await?;
    let shown = rows.iter().filter_map(|row| {
        let event = row.event().ok()?;
        filter.sites.shows(event.content.site).then_some(event.id)
    });
    Ok(shown.collect())
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
