//! Requests that a credential was refused: counted, and those that look like an attack or a mix-up written into the tenant's log.

use comptoir_core::event::{Content, Draft};
use comptoir_core::fact::Fact;
use comptoir_core::id::{EventId, Name};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use serde_json::json;
use uuid::Uuid;

use super::{DraftBatch, Job};
use crate::central::Central;
use crate::database::{self, Micros, StoreError};
use crate::identity::Credential;

/// A refusal to be noted.
pub(crate) struct NotedRefusal<'a> {
    /// Whose request.
    pub(crate) credential: &'a Credential,
    /// What it is told.
    pub(crate) problem: &'a Problem,
}

/// Counts a refusal, and seals an AUDIT_RECORDED event where a credential reached for what is not its own. At most one a minute of a
/// kind: a node that is set up wrongly asks for ever. Noting may fail; the refusal stands all the same.
pub(crate) async fn note(central: &Central, refused: NotedRefusal<'_>) {
    let code = refused.problem.error_code();
    let audited = matches!(code, Some(ErrorCode::WrongTenant | ErrorCode::WrongNode | ErrorCode::KeyChanged));
    match count(central, &refused, audited).await {
        Ok(due) if due && audited => seal(central, &refused).await,
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, code = refused.problem.code, "a refusal could not be noted"),
    }
}

/// Raises the count, and says whether the log has heard nothing of it for a minute.
async fn count(central: &Central, refused: &NotedRefusal<'_>, audited: bool) -> Result<bool, StoreError> {
    let NotedRefusal { credential, problem } = refused;
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, credential.tenant).await?;
    let now = central.clock().now();
    let (now, minute_ago) = (Micros(now), Micros(now.shifted(-60_000_000)));
    let sql = "insert into refusal (tenant_id, key_id, code, times, last_at, last_detail, audited_at)
               values ($1, $2, $3, 1, $6, $4, case when $5 then $6 else '-infinity'::timestamptz end)
               on conflict (tenant_id, key_id, code) do update
               set times = refusal.times + 1, last_at = excluded.last_at, last_detail = excluded.last_detail,
                   audited_at = case when $5 and refusal.audited_at < $7 then excluded.last_at else refusal.audited_at end
               returning audited_at = last_at";
    let detail: String = problem.detail.chars().take(500).filter(|character| *character != '\0').collect();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
        [&credential.tenant.uuid(), &credential.key_id, &problem.code, &detail, &audited, &now, &minute_ago];
    let due = tx.query_one(sql, &parameters).await?.try_get(0)?;
    tx.commit().await?;
    Ok(due)
}

async fn seal(central: &Central, refused: &NotedRefusal<'_>) {
    let NotedRefusal { credential, problem } = refused;
    let subject = credential.node().map_or_else(|| "admin".to_owned(), |node| node.to_string());
    let payload = json!({
        "action": problem.code,
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
    if let Err(problem) = central.ingest_queue().submit(credential.tenant, Job::Drafts(drafts)).await {
        tracing::warn!(code = problem.code, detail = problem.detail, "an audit event could not be written");
    }
}
