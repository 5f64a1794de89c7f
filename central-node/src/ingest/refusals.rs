//! Counts refused requests by credential. Refusals that look like an attack or a mix-up are written to the tenant's log.

use comptoir_core::event::{Content, Draft};
use comptoir_core::fact::Fact;
use comptoir_core::id::{EventId, Name};
use comptoir_core::time::Timestamp;
use comptoir_proto::error_code::ErrorCode;
use serde_json::json;
use uuid::Uuid;

use super::drafts::DraftBatch;
use super::queue::IngestQueue;
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

/// Counts a refusal, and seals an AUDIT_RECORDED event if a credential tried to access what is not its own. At most one event
/// per minute and kind, because a misconfigured node retries forever. The request stays refused even if recording fails.
pub(crate) async fn note(database: &Database, queue: &IngestQueue, clock: &Clock, refused: NotedRefusal<'_>) {
    let code = ErrorCode::parse(refused.code);
    let audited = matches!(code, Some(ErrorCode::WrongTenant | ErrorCode::WrongNode | ErrorCode::KeyChanged));
    match count(database, clock.now(), refused, audited).await {
        Ok(due) if due && audited => seal(queue, refused).await,
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, code = refused.code, "a refusal could not be noted"),
    }
}

/// Raises the count. Returns whether the log has had no such event for a minute.
async fn count(
    database: &Database,
    now: Timestamp,
    refused: NotedRefusal<'_>,
    audited: bool,
) -> Result<bool, StoreError> {
    let NotedRefusal { credential, code, detail } = refused;
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, credential.tenant).await?;
    let (now, minute_ago) = (Micros(now), Micros(now.shifted(-60_000_000)));
    let sql = "insert into refusal (tenant_id, key_id, code, times, last_at, last_detail, audited_at)
               values ($1, $2, $3, 1, $6, $4, case when $5 then $6 else '-infinity'::timestamptz end)
               on conflict (tenant_id, key_id, code) do update
               set times = refusal.times + 1, last_at = excluded.last_at, last_detail = excluded.last_detail,
                   audited_at = case when $5 and refusal.audited_at < $7 then excluded.last_at else refusal.audited_at end
               returning audited_at = last_at";
    let detail: String = detail.chars().take(500).filter(|character| *character != '\0').collect();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
        [&credential.tenant.uuid(), &credential.key_id, &code, &detail, &audited, &now, &minute_ago];
    let due = tx.query_one(sql, &parameters).await?.try_get(0)?;
    tx.commit().await?;
    Ok(due)
}

async fn seal(queue: &IngestQueue, refused: NotedRefusal<'_>) {
    let NotedRefusal { credential, code, .. } = refused;
    let subject = credential.node().map_or_else(|| "admin".to_owned(), |node| node.to_string());
    let payload = json!({
        "action": code,
        "subject": { "entity_type": "NODE", "entity_id": subject },
        "context": {},
    });
    let name = |text: &str| Name::new(text).expect("a constant is a valid name");
    let content = Content::new(
        name("AUDIT"),
        Name::new(credential.key_id.clone()).unwrap_or_else(|_| name("key")),
        name("AUDIT_RECORDED"),
        payload.to_string().into_bytes(),
    );
    let draft = Draft { id: EventId::new(Uuid::now_v7()), occurred_at: None, content };
    let drafts =
        DraftBatch { drafts: vec![(draft, Fact::AuditRecorded)], atomic: true, by_central: true, opens_epoch: false };
    if let Err(error) = queue.submit(credential.tenant, drafts).await {
        tracing::warn!(%error, "an audit event could not be written");
    }
}
