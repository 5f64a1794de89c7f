//! Events that a reporting projection could not apply. A parked event stops its entity, never the projection: later events of
//! that entity wait behind it, in order, until a new version is built after the cause is fixed.

use std::collections::BTreeSet;

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use deadpool_postgres::Transaction;

use super::{ProjectionError, Version, position_sql};

/// The entities of one version with parked events.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct ParkedEntities(BTreeSet<(String, String)>);

/// An event to park.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Parked {
    pub(crate) position: Position,
    /// Entity type and id. Both are empty if unknown; events without an entity wait together.
    pub(crate) entity: (String, String),
    pub(crate) reason: String,
}

/// Loads the entities with parked events: nearly always none.
pub(crate) async fn waiting(
    tx: &Transaction<'_>,
    tenant: TenantId,
    of: Version,
) -> Result<ParkedEntities, ProjectionError> {
    let rows = tx
        .query(
            "select distinct entity_type, entity_id from projection_parked
             where tenant_id = $1 and projection = $2 and version = $3",
            &[&tenant.uuid(), &of.projection.name(), &of.number],
        )
        .await?;
    let entities = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    Ok(ParkedEntities(entities.collect::<Result<_, tokio_postgres::Error>>()?))
}

impl ParkedEntities {
    /// Whether an event of this entity has to wait.
    pub(crate) fn has(&self, entity: &(String, String)) -> bool {
        self.0.contains(entity)
    }

    /// Adds an entity; its later events wait.
    pub(crate) fn add(&mut self, entity: (String, String)) {
        self.0.insert(entity);
    }
}

/// Stores parked events with their reasons.
pub(crate) async fn park(
    tx: &Transaction<'_>,
    tenant: TenantId,
    of: Version,
    parked: &[Parked],
) -> Result<(), ProjectionError> {
    if parked.is_empty() {
        return Ok(());
    }
    for event in parked {
        let (entity_type, entity_id) = &event.entity;
        tracing::error!(
            tenant.id = %tenant, projection = of.projection.name(), position = event.position.0, entity_type, entity_id,
            "Parked an event that {of} cannot apply: {}", event.reason
        );
    }
    let positions: Vec<i64> = parked.iter().map(|event| position_sql(event.position)).collect();
    let types: Vec<&str> = parked.iter().map(|event| event.entity.0.as_str()).collect();
    let ids: Vec<&str> = parked.iter().map(|event| event.entity.1.as_str()).collect();
    let reasons: Vec<String> = parked.iter().map(|event| event.reason.replace('\0', "\u{fffd}")).collect();
    tx.execute(
        "insert into projection_parked (tenant_id, projection, version, position, entity_type, entity_id, reason)
         select h.tenant_id, $2, $3, unnest($4::bigint[]), unnest($5::text[]), unnest($6::text[]), unnest($7::text[])
         from tenant_head h where h.tenant_id = $1",
        &[&tenant.uuid(), &of.projection.name(), &of.number, &positions, &types, &ids, &reasons],
    )
    .await?;
    Ok(())
}
