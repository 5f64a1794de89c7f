//! Records that central was restored from an older copy. The restore is recorded in the tenant's log, and the same
//! transaction opens the window in which central waits for its nodes.
//!
//! An audit needs the record. The nodes keep the positions that they had received, while central stores the lost records at
//! other positions. Without a record of the restore, this log could not be distinguished from a rewritten one.

use comptoir_core::event::Content;
use comptoir_core::fact::Fact;
use comptoir_core::id::{Name, TenantId};
use comptoir_core::position::Position;
use comptoir_proto::payload::CENTRAL_RESTORED;
use deadpool_postgres::Transaction;
use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::database::{Database, StoreError, TxPhase, begin};
use crate::event_store::lock_tenant;
use crate::identity::IdentityError;
use crate::ingest::write_central_event;
use crate::restore_window::{self, AwaitedNode};

/// The maximum of the reason in the event's schema, in characters.
const REASON_CHARS_MAX: usize = 500;

/// Records the restore, and opens the window for every node with an active key, since any of them may have received an answer
/// that is lost. Returns the nodes that the window waits for. A second call records a second restore, since central may have
/// been restored twice.
pub async fn open(
    db: &Database,
    clock: &Clock,
    tenant: TenantId,
    reason: Option<&str>,
) -> Result<Vec<AwaitedNode>, IdentityError> {
    let chars = reason.map_or(0, |reason| reason.chars().count());
    if chars > REASON_CHARS_MAX {
        return Err(IdentityError::TooLong { what: "a reason", max: REASON_CHARS_MAX, chars });
    }
    let mut connection = db.service().await?;
    let tx = begin(&mut connection, tenant).await?;
    let unknown = || IdentityError::Missing { tenant, what: "the tenant itself".to_owned() };
    let head = lock_tenant(&tx, tenant).await?.ok_or_else(unknown)?.head;
    let awaited = restore_window::open(&tx, tenant).await?;
    // A device may have more than this copy of central knows to have given.
    tx.execute("update device set given_to = null where tenant_id = $1", &[&tenant.uuid()])
        .await
        .map_err(StoreError::from)?;
    record(&tx, clock, tenant, payload(head, awaited.len(), reason)).await?;
    tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
    Ok(awaited)
}

fn payload(head: Position, awaited: usize, reason: Option<&str>) -> Value {
    let mut payload = Map::new();
    payload.insert("head".to_owned(), head.0.into());
    payload.insert("awaited_nodes".to_owned(), awaited.into());
    payload.extend(reason.map(|reason| ("reason".to_owned(), reason.into())));
    payload.into()
}

async fn record(tx: &Transaction<'_>, clock: &Clock, tenant: TenantId, payload: Value) -> Result<(), StoreError> {
    let name = |text: &str| Name::new(text).expect("a constant is a valid name");
    let content =
        Content::new(name("CENTRAL"), name("central"), name(CENTRAL_RESTORED), payload.to_string().into_bytes());
    write_central_event(tx, tenant, content, Fact::CentralRestored, clock.now()).await
}
