//! Audit entries, in the order in which central received them.
//!
//! An index has the entries of the log; node and time filter in it. User and entity are read from the sealed records, so a
//! page ends after a number of records too, and may then have fewer entries than asked for.

use std::collections::HashMap;

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_proto::audit_entries_v1::{AuditEntryDto, AuditEntryPage, AuditSubject};
use comptoir_proto::instant;
use deadpool_postgres::Transaction;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::ReportError;
use crate::database::{self, Database, StoreError};
use crate::event_store::{self, AuditEntryFilter, LogRow};

/// Records per query.
const STEP_ROWS: usize = 500;

/// Records after which a page ends, whatever fits the filter.
const SCANNED_MAX: usize = 10_000;

/// Bytes of entries after which a page ends.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Which entries are asked for.
#[derive(Debug, Default)]
pub(crate) struct AuditQuestion {
    pub(crate) filter: AuditEntryFilter,
    pub(crate) user: Option<String>,
    pub(crate) entity_type: Option<String>,
    pub(crate) entity_id: Option<String>,
    pub(crate) after: Position,
    pub(crate) limit: usize,
}

/// A page of entries.
pub(crate) async fn page(
    database: &Database,
    tenant: TenantId,
    question: &AuditQuestion,
) -> Result<AuditEntryPage, ReportError> {
    let mut connection = database.reports().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let (mut entries, mut bytes, mut next, mut more) = (Vec::new(), 0usize, question.after, true);
    for _ in 0..SCANNED_MAX / STEP_ROWS {
        let rows = event_store::audit_entries(&tx, tenant, &question.filter, next, STEP_ROWS as i64).await?;
        let is_last = rows.len() < STEP_ROWS;
        let mut unread = rows.len();
        for row in &rows {
            if entries.len() >= question.limit || bytes >= PAGE_BYTES {
                break;
            }
            unread -= 1;
            next = row.position;
            if let Some(entry) = shown(row)?.filter(|entry| question.fits(entry)) {
                bytes = bytes.saturating_add(entry.entry.get().len());
                entries.push(entry);
            }
        }
        more = !is_last || unread > 0;
        if is_last || unread > 0 {
            break;
        }
    }
    name_devices(&tx, tenant, &mut entries).await?;
    Ok(AuditEntryPage { entries, next: next.to_string(), more })
}

impl AuditQuestion {
    fn fits(&self, entry: &AuditEntryDto) -> bool {
        let is = |asked: &Option<String>, has: Option<&String>| asked.is_none() || asked.as_ref() == has;
        is(&self.user, entry.user.as_ref())
            && is(&self.entity_type, Some(&entry.entity_type))
            && is(&self.entity_id, Some(&entry.entity_id))
    }
}

/// A record as an entry. An accepted record can be read; another would have been quarantined.
fn shown(row: &LogRow) -> Result<Option<AuditEntryDto>, StoreError> {
    let decided = row.decided()?;
    let Ok(event) = row.event() else { return Ok(None) };
    let content = &event.content;
    let text = String::from_utf8_lossy(&content.payload).into_owned();
    let (Some(subject), Ok(entry)) = (AuditSubject::read(content), RawValue::from_string(text)) else {
        return Ok(None);
    };
    Ok(Some(AuditEntryDto {
        position: row.position.0,
        event_id: event.id.uuid(),
        node: event.node.uuid(),
        device: None,
        site: content.site.map(|site| site.uuid()),
        user: content.user.as_ref().map(ToString::to_string),
        action: subject.action,
        entity_type: subject.entity_type,
        entity_id: subject.entity_id,
        occurred_at: instant::format(event.occurred_at),
        received_at: instant::format(decided.received_at),
        entry,
    }))
}

async fn name_devices(tx: &Transaction<'_>, tenant: TenantId, entries: &mut [AuditEntryDto]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let nodes: Vec<Uuid> = entries.iter().map(|entry| entry.node).collect();
    let sql = "select node_id, device from device where tenant_id = $1 and node_id = any ($2::uuid[])";
    let statement = tx.prepare_cached(sql).await?;
    let rows = tx.query(&statement, &[&tenant.uuid(), &nodes]).await?;
    let named = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let named: HashMap<Uuid, String> = named.collect::<Result<_, StoreError>>()?;
    for entry in entries {
        entry.device = named.get(&entry.node).cloned();
    }
    Ok(())
}
