//! Counts refused requests by credential. Refusals that look like an attack or a mix-up are security events.

use comptoir_core::time::Timestamp;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::security_v1::SecurityKind;

use super::queue::IngestQueue;
use super::security_events::SecurityEvent;
use super::security_recorder::record_security_event;
use crate::clock::Clock;
use crate::database::{self, Database, Micros, StoreError};
use crate::identity::Credential;

#[derive(Clone, Copy)]
pub(crate) struct NotedRefusal<'a> {
    /// The credential of the request.
    pub(crate) credential: &'a Credential,
    /// The code of the refusal.
    pub(crate) code: &'a str,
    pub(crate) detail: &'a str,
}

/// Counts a refusal, and records a security event if its code is suspicious. At most one event per minute, credential and code,
/// because a misconfigured node retries forever. The request stays refused even if recording fails.
pub(crate) async fn note(database: &Database, queue: &IngestQueue, clock: &Clock, refused: NotedRefusal<'_>) {
    let kind = ErrorCode::parse(refused.code).and_then(suspicion);
    match (count(database, clock.now(), refused, kind.is_some()).await, kind) {
        (Ok(true), Some(kind)) => {
            let services = (database, queue, clock);
            record_security_event(services, refused.credential.tenant, refused.security_event(kind)).await;
        }
        (Ok(_), _) => {}
        (Err(error), _) => tracing::warn!(%error, code = refused.code, "a refusal could not be noted"),
    }
}

/// What a refusal of a push or a file looks like; `None` for a mistake that says nothing.
fn suspicion(code: ErrorCode) -> Option<SecurityKind> {
    match code {
        ErrorCode::WrongTenant => Some(SecurityKind::ForeignTenant),
        // Another node's log, or another key pair under this node's id: two nodes share the credential.
        ErrorCode::WrongNode | ErrorCode::KeyChanged => Some(SecurityKind::KeyUsedTwice),
        ErrorCode::Fork => Some(SecurityKind::AlteredRecord),
        ErrorCode::ChainMismatch | ErrorCode::ChecksumMismatch => Some(SecurityKind::WrongChecksum),
        _ => None,
    }
}

impl NotedRefusal<'_> {
    /// The same refusal of the same credential is the same cause: a retry has the same detail.
    fn security_event(&self, kind: SecurityKind) -> SecurityEvent {
        let NotedRefusal { credential, code, detail } = self;
        let cause = SecurityEvent::cause(credential.tenant, &[&credential.key_id, code, detail]);
        let event = SecurityEvent::new(kind, cause, ("KEY", &credential.key_id));
        let event = event.with("code", *code).with("detail", *detail);
        match credential.node() {
            Some(node) => event.in_log(node),
            None => event,
        }
    }
}

/// Raises the count. Returns whether a security event is due: there was none for a minute.
async fn count(
    database: &Database,
    now: Timestamp,
    refused: NotedRefusal<'_>,
    suspicious: bool,
) -> Result<bool, StoreError> {
    let NotedRefusal { credential, code, detail } = refused;
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, credential.tenant).await?;
    let (now, minute_ago) = (Micros(now), Micros(now.shifted(-60_000_000)));
    let sql = "insert into refusal (tenant_id, key_id, code, times, last_at, last_detail, signalled_at)
               values ($1, $2, $3, 1, $6, $4, case when $5 then $6 else '-infinity'::timestamptz end)
               on conflict (tenant_id, key_id, code) do update
               set times = refusal.times + 1, last_at = excluded.last_at, last_detail = excluded.last_detail,
                   signalled_at = case when $5 and refusal.signalled_at < $7 then excluded.last_at
                                       else refusal.signalled_at end
               returning signalled_at = last_at";
    let detail: String = detail.chars().take(500).filter(|character| *character != '\0').collect();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
        [&credential.tenant.uuid(), &credential.key_id, &code, &detail, &suspicious, &now, &minute_ago];
    let due = tx.query_one(sql, &parameters).await?.try_get(0)?;
    tx.commit().await?;
    Ok(due)
}
