use std::sync::Arc;

use comptoir_core::event::Draft;
use comptoir_core::fact::Fact;
use comptoir_core::id::TenantId;
use comptoir_http_edge::{batch_rejected, check_drafts};
use comptoir_proto::api_v1::tag_of;
use comptoir_proto::api_v1::{Author, Decided, DraftDto, check_draft};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::payload::{CENTRAL_RESTORED, IDENTITY_CHANGED};
use comptoir_proto::problem::Problem;
use comptoir_proto::security_v1::SECURITY_RECORDED;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::auth::DraftWriter;
use crate::central::Central;
use crate::ingest::DraftBatch;

pub(super) async fn append_one(
    central: &Arc<Central>,
    author: &DraftWriter,
    key: Option<&str>,
    dto: DraftDto,
) -> Result<Decided, Problem> {
    let drafts = vec![check(central, author, key, &dto, 0)?];
    let mut outcomes = submit(central, author.tenant(), drafts_job(author, drafts, true)).await?;
    outcomes.pop().unwrap_or_else(|| Err(Problem::new(ErrorCode::Internal, "a draft was not answered")))
}

/// Appends all drafts of a list, or reports what is wrong with each.
pub(super) async fn append_list(
    central: &Arc<Central>,
    author: &DraftWriter,
    key: Option<&str>,
    list: &[&RawValue],
) -> Result<Vec<Decided>, Problem> {
    let drafts = check_drafts(list, |index, dto| check(central, author, key, dto, index))?;
    let (mut decided, mut refused) = (Vec::with_capacity(list.len()), Vec::new());
    for (index, outcome) in
        submit(central, author.tenant(), drafts_job(author, drafts, true)).await?.into_iter().enumerate()
    {
        match outcome {
            Ok(draft) => decided.push(draft),
            // Another draft was refused, and the response reports that one.
            Err(problem) if problem.error_code() == Some(ErrorCode::BatchRejected) => {}
            Err(problem) => refused.push((index, problem)),
        }
    }
    if refused.is_empty() { Ok(decided) } else { Err(batch_rejected(list.len(), refused)) }
}

/// Checked drafts of one request.
pub(super) fn drafts_job(author: &Author, drafts: Vec<(Draft, Fact)>, atomic: bool) -> DraftBatch {
    DraftBatch { drafts, atomic, by_central: author.central, opens_epoch: false }
}

/// Submits drafts and waits for their decisions.
pub(super) async fn submit(
    central: &Central,
    tenant: TenantId,
    drafts: DraftBatch,
) -> Result<Vec<Result<Decided, Problem>>, Problem> {
    let outcomes = central.ingest_queue().submit(tenant, drafts).await?;
    Ok(outcomes.into_iter().map(|outcome| outcome.map_err(Problem::from)).collect())
}

/// Checks a draft as a node would, plus the rules that apply only at central.
pub(super) fn check(
    central: &Central,
    author: &DraftWriter,
    key: Option<&str>,
    dto: &DraftDto,
    index: usize,
) -> Result<(Draft, Fact), Problem> {
    let (draft, fact) = check_draft(dto, author, key, index)?;
    let draft = author.permit(draft)?;
    author.may_change_prices(&fact, &draft.content)?;
    if tag_of(dto)?.is_some_and(|tag| !tag.is_version()) {
        let detail = format!("central's ETags are a version in quotes, got {:?}", dto.if_match);
        return Err(Problem::new(ErrorCode::MalformedBody, detail).at("/if_match"));
    }
    match &fact {
        // A restore excuses moved decisions, so recording one requires access to the database; a token is not enough.
        Fact::CentralRestored => {
            let detail = format!("{CENTRAL_RESTORED} is recorded by `comptoir admin restore-window open`");
            Err(Problem::new(ErrorCode::CentralOnly, detail).at("/action"))
        }
        Fact::SecurityRecorded => {
            let detail = format!("{SECURITY_RECORDED} is recorded by central itself");
            Err(Problem::new(ErrorCode::CentralOnly, detail).at("/action"))
        }
        // The log shows who was allowed what and when, so only the change itself may record it.
        Fact::IdentityChanged => {
            let detail =
                format!("{IDENTITY_CHANGED} is recorded by the change itself, such as `comptoir admin user create`");
            Err(Problem::new(ErrorCode::CentralOnly, detail).at("/action"))
        }
        Fact::DeliveryCreated(order) if order.qr.is_empty() => {
            let secret = central.derived_secret(&format!("qr/{}/{}", author.tenant(), draft.id));
            let (with_qr, fact) = with_qr(dto, &secret.to_hex()[..32], draft.id.uuid(), author)?;
            Ok((author.permit(with_qr)?, fact))
        }
        _ => Ok((draft, fact)),
    }
}

/// The delivery with a code to scan. The code depends only on the event's id and central's secret, so a retry returns the
/// same code and nobody can guess it.
fn with_qr(dto: &DraftDto, qr: &str, id: Uuid, author: &Author) -> Result<(Draft, Fact), Problem> {
    let wrong = |error: serde_json::Error| Problem::new(ErrorCode::Internal, error.to_string());
    let mut payload: Map<String, Value> = serde_json::from_str(dto.payload.get()).map_err(wrong)?;
    payload.insert("qr".to_owned(), qr.into());
    let payload: Box<RawValue> = to_raw_value(&payload).map_err(wrong)?;
    let dto = DraftDto {
        id: Some(id),
        entity_type: dto.entity_type.clone(),
        entity_id: dto.entity_id.clone(),
        action: dto.action.clone(),
        occurred_at: dto.occurred_at.clone(),
        user: dto.user.clone(),
        base_version: dto.base_version,
        if_match: dto.if_match.clone(),
        causation: dto.causation,
        correlation: dto.correlation,
        schema_version: dto.schema_version,
        payload,
    };
    check_draft(&dto, author, None, 0)
}
