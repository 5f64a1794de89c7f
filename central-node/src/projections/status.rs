//! The state of a tenant's projections.

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;

use super::{Projection, ProjectionError, Version, position_of};
use crate::database::{Database, StoreError, begin};
use crate::event_store;
use crate::state_store::{ActiveVersion, active_versions};

/// The state of a version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Queries read this version.
    Active,
    /// Being built next to the active version.
    Building,
    /// Formerly active, and stored until it is dropped.
    Retired,
}

impl State {
    /// The state's name in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Active => "active",
            State::Building => "building",
            State::Retired => "retired",
        }
    }

    fn parse(word: &str) -> Result<State, StoreError> {
        [State::Active, State::Building, State::Retired]
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| StoreError::Damaged(format!("{word:?} is no state of a projection")))
    }
}

/// One version of one projection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VersionStatus {
    /// The version.
    pub of: Version,
    /// The version's state.
    pub state: State,
    /// How far the version has advanced. An active deciding projection is complete to the head.
    pub position: Position,
    /// The number of parked events, including those that wait behind another.
    pub parked: u64,
}

/// The state of a tenant's projections.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Status {
    /// The last position assigned.
    pub head: Position,
    /// All versions, by projection and number.
    pub versions: Vec<VersionStatus>,
}

/// A parked event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParkedEvent {
    /// The version that could not apply the event.
    pub of: Version,
    /// The event's position.
    pub position: Position,
    /// The entity's type.
    pub entity_type: String,
    /// The entity's id.
    pub entity_id: String,
    /// Why the event is parked.
    pub reason: String,
}

/// Reads the state of all versions of all projections.
pub async fn status(database: &Database, tenant: TenantId) -> Result<Status, ProjectionError> {
    let mut connection = database.service().await?;
    let tx = begin(&mut connection, tenant).await?;
    let rows = tx.query(include_str!("status.sql"), &[&tenant.uuid()]).await?;
    let head = event_store::tenant_head(&tx, tenant).await?.ok_or(ProjectionError::NoTenant(tenant))?.head;
    let versions = rows.iter().map(|row| {
        let of = version(row)?;
        let state = State::parse(row.try_get("state")?)?;
        let position = standing(of, state, position_of(row.try_get("position")?)?, head);
        let parked = position_of(row.try_get("parked")?)?.0;
        Ok(VersionStatus { of, state, position, parked })
    });
    Ok(Status { head, versions: versions.collect::<Result<_, ProjectionError>>()? })
}

/// The parked events, oldest first, at most `limit` of them.
pub async fn parked(database: &Database, tenant: TenantId, limit: u32) -> Result<Vec<ParkedEvent>, ProjectionError> {
    let mut connection = database.service().await?;
    let tx = begin(&mut connection, tenant).await?;
    let rows = tx
        .query(
            "select projection, version, position, entity_type, entity_id, reason from projection_parked
             where tenant_id = $1 order by projection, version, position limit $2",
            &[&tenant.uuid(), &i64::from(limit)],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(ParkedEvent {
                of: version(row)?,
                position: position_of(row.try_get("position")?)?,
                entity_type: row.try_get("entity_type")?,
                entity_id: row.try_get("entity_id")?,
                reason: row.try_get("reason")?,
            })
        })
        .collect()
}

/// The active version of a projection, as the transaction sees it; number 0 if nothing was projected yet. A deciding
/// projection is complete to the tenant's head, whatever position its row has.
pub(crate) async fn active_version(
    tx: &Transaction<'_>,
    tenant: TenantId,
    projection: Projection,
) -> Result<ActiveVersion, StoreError> {
    let nothing = ActiveVersion { number: 0, fence: 0, position: Position::ZERO };
    Ok(active_versions(tx, tenant).await?.remove(projection.name()).unwrap_or(nothing))
}

/// A version's state and position, as the transaction sees them.
pub(super) async fn version_state(
    tx: &Transaction<'_>,
    tenant: TenantId,
    of: Version,
) -> Result<Option<(State, Position)>, ProjectionError> {
    let row = tx
        .query_opt(
            "select v.state, v.position, h.head
             from projection_version v join tenant_head h on h.tenant_id = v.tenant_id
             where v.tenant_id = $1 and v.projection = $2 and v.version = $3",
            &[&tenant.uuid(), &of.projection.name(), &of.number],
        )
        .await?;
    row.map(|row| {
        let state = State::parse(row.try_get("state")?)?;
        let (position, head) = (position_of(row.try_get("position")?)?, position_of(row.try_get("head")?)?);
        Ok((state, standing(of, state, position, head)))
    })
    .transpose()
}

/// An active deciding projection advances with the head and does not update its own position.
fn standing(of: Version, state: State, position: Position, head: Position) -> Position {
    if of.projection.is_deciding() && state == State::Active { head } else { position }
}

fn version(row: &Row) -> Result<Version, ProjectionError> {
    let name: &str = row.try_get("projection")?;
    let projection = Projection::ALL.into_iter().find(|projection| projection.name() == name);
    let projection = projection.ok_or_else(|| StoreError::Damaged(format!("{name:?} is no projection")))?;
    Ok(Version { projection, number: row.try_get("version")? })
}
