//! How the projections of a tenant stand.

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;

use super::{Projection, ProjectionError, Version, position_of};
use crate::database::{Database, StoreError, begin};
use crate::event_store;
use crate::state_store::{ActiveVersion, active_versions};

/// What a version is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It is read.
    Active,
    /// It is being built next to the one that is read.
    Building,
    /// It was read once, and is kept until it is dropped.
    Retired,
}

impl State {
    /// The word in the database and on the command line.
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
    /// Which one.
    pub of: Version,
    /// What it is for.
    pub state: State,
    /// How far it has come. An active deciding projection is complete to the head.
    pub position: Position,
    /// Events that it could not apply, and those that wait behind them.
    pub parked: u64,
}

/// How a tenant's projections stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Status {
    /// The last position given.
    pub head: Position,
    /// By projection and number.
    pub versions: Vec<VersionStatus>,
}

/// An event that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParkedEvent {
    /// Which version waits for it.
    pub of: Version,
    /// Its place in the log.
    pub position: Position,
    /// Its entity's type.
    pub entity_type: String,
    /// Its entity's id.
    pub entity_id: String,
    /// Why it waits.
    pub reason: String,
}

/// Looks at all versions of all projections.
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

/// The events that wait, oldest first, at most `limit` of them.
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

/// The version of a projection that is read, as the transaction sees it; number 0 where nothing was projected yet. A deciding projection
/// has come to the tenant's head, whatever its position says.
pub(crate) async fn active_version(
    tx: &Transaction<'_>,
    tenant: TenantId,
    projection: Projection,
) -> Result<ActiveVersion, StoreError> {
    let nothing = ActiveVersion { number: 0, fence: 0, position: Position::ZERO };
    Ok(active_versions(tx, tenant).await?.remove(projection.name()).unwrap_or(nothing))
}

/// What a version is for, and how far it has come, as the transaction sees it.
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

/// A deciding projection that is read moves with the head, and leaves its own mark alone.
fn standing(of: Version, state: State, position: Position, head: Position) -> Position {
    if of.projection.is_deciding() && state == State::Active { head } else { position }
}

fn version(row: &Row) -> Result<Version, ProjectionError> {
    let name: &str = row.try_get("projection")?;
    let projection = Projection::ALL.into_iter().find(|projection| projection.name() == name);
    let projection = projection.ok_or_else(|| StoreError::Damaged(format!("{name:?} is no projection")))?;
    Ok(Version { projection, number: row.try_get("version")? })
}
