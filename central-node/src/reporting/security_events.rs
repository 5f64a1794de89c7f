//! Security events, in the order in which central recorded them, with how often each kind was seen.
//!
//! An index has the events of the log; the kind filters in it. Node and device are read from the sealed records, so a page ends
//! after a number of records too, and may then have fewer events than asked for.

use std::collections::HashMap;

use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::Position;
use comptoir_proto::instant;
use comptoir_proto::security_v1::{SecurityCount, SecurityEventDto, SecurityEventPage, SecurityKind, SecurityPayload};
use deadpool_postgres::Transaction;
use serde_json::value::to_raw_value;
use uuid::Uuid;

use crate::database::{self, Database, Micros, StoreError, natural};
use crate::event_store::{self, LogRow};

/// Records per query.
const STEP_ROWS: usize = 500;
/// Records after which a page ends, whatever fits the filter.
const SCANNED_MAX: usize = 10_000;

/// Which security events are asked for.
#[derive(Clone, Copy, Debug)]
pub struct SecurityQuestion {
    /// Only this kind.
    pub kind: Option<SecurityKind>,
    /// Only those that concern this log.
    pub node: Option<NodeId>,
    /// Only those after this position.
    pub after: Position,
    /// Events of the page, one or more.
    pub limit: usize,
}

/// A page of security events.
pub async fn security_events(
    database: &Database,
    tenant: TenantId,
    question: &SecurityQuestion,
) -> Result<SecurityEventPage, StoreError> {
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let (mut events, mut next, mut more) = (Vec::new(), question.after, true);
    let kind = question.kind.map(SecurityKind::as_str);
    for _ in 0..SCANNED_MAX / STEP_ROWS {
        let rows = event_store::security_events(&tx, tenant, kind, next, STEP_ROWS as i64).await?;
        let is_last = rows.len() < STEP_ROWS;
        let mut unread = rows.len();
        for row in &rows {
            if events.len() >= question.limit {
                break;
            }
            unread -= 1;
            next = row.position;
            let asked = |event: &SecurityEventDto| question.node.is_none_or(|node| event.node == Some(node.uuid()));
            events.extend(shown(row)?.filter(asked));
        }
        more = !is_last || unread > 0;
        if is_last || unread > 0 {
            break;
        }
    }
    name_devices(&tx, tenant, &mut events).await?;
    let counts = counts(&tx, tenant).await?;
    Ok(SecurityEventPage { events, counts, next: next.to_string(), more })
}

/// A record as a security event. Central sealed it, so it can be read, unless its kind is of a later version.
fn shown(row: &LogRow) -> Result<Option<SecurityEventDto>, StoreError> {
    let decided = row.decided()?;
    let Ok(event) = row.event() else { return Ok(None) };
    let Ok(payload) = serde_json::from_slice::<SecurityPayload>(&event.content.payload) else { return Ok(None) };
    let Ok(details) = to_raw_value(&payload.details) else { return Ok(None) };
    Ok(Some(SecurityEventDto {
        position: row.position.0,
        event_id: event.id.uuid(),
        kind: payload.kind,
        subject: payload.subject,
        node: payload.node,
        device: None,
        user: payload.user,
        cause: payload.event_id,
        recorded_at: instant::format(decided.received_at),
        details,
    }))
}

async fn name_devices(
    tx: &Transaction<'_>,
    tenant: TenantId,
    events: &mut [SecurityEventDto],
) -> Result<(), StoreError> {
    let nodes: Vec<Uuid> = events.iter().filter_map(|event| event.node).collect();
    if nodes.is_empty() {
        return Ok(());
    }
    let sql = "select node_id, device from device where tenant_id = $1 and node_id = any ($2::uuid[])";
    let statement = tx.prepare_cached(sql).await?;
    let rows = tx.query(&statement, &[&tenant.uuid(), &nodes]).await?;
    let named = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let named: HashMap<Uuid, String> = named.collect::<Result<_, StoreError>>()?;
    for event in events {
        event.device = event.node.and_then(|node| named.get(&node)).cloned();
    }
    Ok(())
}

/// How often each kind was seen; a kind of a later version is left out.
async fn counts(tx: &Transaction<'_>, tenant: TenantId) -> Result<Vec<SecurityCount>, StoreError> {
    let sql = "select kind, count(*) as events, sum(times)::bigint as times, max(last_at) as last_at
               from security_signal where tenant_id = $1 group by kind order by kind";
    let statement = tx.prepare_cached(sql).await?;
    let mut counts = Vec::new();
    for row in tx.query(&statement, &[&tenant.uuid()]).await? {
        let Some(kind) = SecurityKind::parse(row.try_get("kind")?) else { continue };
        let Micros(last_at) = row.try_get("last_at")?;
        let (events, times) = (natural(row.try_get("events")?)?, natural(row.try_get("times")?)?);
        counts.push(SecurityCount { kind, events, times, last_at: instant::format(last_at) });
    }
    Ok(counts)
}
