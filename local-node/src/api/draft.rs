use comptoir_core::event::Draft;
use comptoir_core::fact::Fact;
use comptoir_proto::api_v1::{self, AppendResponse, DraftDto, check_draft, tag_of};
use comptoir_proto::edits_v1::Edit;
use comptoir_proto::problem::Problem;

use super::authorize::Permitted;
use super::{blobs, costs};
use crate::event_log::{AppendError, Appended};
use crate::node::Node;
use crate::read_models::rulebook;

/// A draft that passed every check that needs neither the log nor the read models.
#[derive(Clone, Debug)]
pub(super) struct CheckedDraft {
    pub(super) draft: Draft,
    pub(super) fact: Fact,
    /// What the draft does to an entity made of fields. Only such drafts have a precondition.
    pub(super) edit: Option<Edit>,
    /// Up to which position this node knew the rights of its author.
    pub(super) identity_position: u64,
}

impl CheckedDraft {
    /// Checks a draft against its schema, what its author may record, the rulebook and the files it names. `index` is its
    /// position in the request.
    pub(super) fn new(
        permitted: &Permitted,
        dto: &DraftDto,
        key: Option<&str>,
        index: usize,
    ) -> Result<CheckedDraft, Problem> {
        let node = permitted.node();
        let (mut draft, fact) = check_draft(dto, node.author(), key, index)?;
        let identity_position = permitted.check(&mut draft.content)?;
        costs::check(permitted.caller(), &fact)?;
        permitted.check_prices(&fact, &draft.content)?;
        rulebook::check(node.log(), &draft, &fact)?;
        blobs::check(node, &fact)?;
        let edit = Edit::of(&fact, tag_of(dto)?);
        Ok(CheckedDraft { draft, fact, edit, identity_position })
    }
}

/// Appends drafts of one author. If rights changed between them, the node knew at least the earlier ones.
pub(super) async fn append_list(node: &Node, list: Vec<CheckedDraft>) -> Result<Vec<Appended>, AppendError> {
    let identity_position = list.iter().map(|checked| checked.identity_position).min().unwrap_or(0);
    let mut drafts: Vec<Draft> = list.into_iter().map(|checked| checked.draft).collect();
    let Some(selling) = node.till().selling(&mut drafts).await? else {
        return node.log().append_of_user(drafts, identity_position).await;
    };
    let log = node.log().clone();
    // A task of its own: it holds the session open until the sale is durable, also when the caller goes away.
    let recording = tokio::spawn(async move {
        let appended = log.append_of_user(drafts, identity_position).await;
        drop(selling);
        appended
    });
    recording.await.unwrap_or_else(|error| Err(AppendError::ReadOnly { reason: error.to_string() }))
}

pub(super) fn append_response(appended: Vec<Appended>) -> AppendResponse {
    AppendResponse { results: appended.into_iter().map(appended_dto).collect() }
}

pub(super) fn appended_dto(appended: Appended) -> api_v1::Appended {
    api_v1::Appended {
        event_id: appended.event_id.uuid(),
        seq: appended.seq.0,
        chain: appended.chain.to_string(),
        duplicate: appended.duplicate,
    }
}
