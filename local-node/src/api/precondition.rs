//! Edits name what their editor saw: two users of one node never overwrite each other unseen.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;
use comptoir_core::event::Draft;
use comptoir_proto::api_v1::DraftDto;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::read_v1::EntityRow;

use super::events::off_the_runtime;
use super::query;
use super::refusal::Refusal;
use crate::node::Node;
use crate::read_models;

/// The tag that the editor was given with what they saw.
pub(super) struct Seen {
    tag: String,
    /// Central's version in it; nothing where central did not know the entity.
    version: Option<u64>,
}

/// Reads `If-Match`: one tag, as the read gave it.
pub(super) fn seen(headers: &HeaderMap) -> Result<Seen, Problem> {
    let Some(value) = headers.get(IF_MATCH) else {
        let detail = "read it first, and send its ETag as If-Match";
        return Err(Problem::new(ErrorCode::PreconditionRequired, detail));
    };
    let tag = value.to_str().unwrap_or_default().trim();
    let digits = tag.strip_prefix('"').map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    match digits.and_then(|digits| digits.parse::<u64>().ok()).filter(|_| tag.ends_with('"')) {
        Some(version) => Ok(Seen { tag: tag.to_owned(), version: Some(version).filter(|version| *version > 0) }),
        None => Err(query::bad(
            "If-Match",
            tag,
            "give the ETag of what was read, as it was; `*` names nothing that was seen",
        )),
    }
}

impl Seen {
    /// The event says which version of central's its writer had seen.
    pub(super) fn name_base(&self, dto: &mut DraftDto) -> Result<(), Problem> {
        match dto.base_version {
            Some(base) if self.version != Some(base) => {
                let detail = format!("base_version {base} is not the version of If-Match {}", self.tag);
                Err(Problem::new(ErrorCode::BadJson, detail).at("/base_version"))
            }
            _ => {
                dto.base_version = self.version;
                Ok(())
            }
        }
    }

    /// Whether what the editor saw is still what there is. An edit that is in the log already is not held against what came of it.
    pub(super) async fn check(&self, node: &Arc<Node>, draft: &Draft) -> Result<(), Refusal> {
        let (reader, id, content) = (node.clone(), draft.id, &draft.content);
        let target = read_models::entity(content.entity_type.clone(), content.entity_id.clone());
        let shown = format!("{} {}", content.entity_type, content.entity_id);
        let read = move || {
            if reader.log().find(id)?.is_some() {
                return Ok(None);
            }
            reader.read_models().one::<EntityRow>(&target, reader.line()).map(Some)
        };
        match off_the_runtime(read).await?? {
            None => Ok(()),
            Some(Some(now)) if now.row.row.deleted => {
                Err(Problem::new(ErrorCode::NotFound, format!("{shown} was deleted, version {}", now.tag.version))
                    .into())
            }
            Some(Some(now)) if now.tag.to_string() == self.tag => Ok(()),
            Some(Some(now)) => {
                let tag = now.tag.to_string();
                let detail = format!("{shown} is at {tag}, the edit was made from {}", self.tag);
                Err(Problem::new(ErrorCode::PreconditionFailed, detail)
                    .with("version", now.tag.version)
                    .with("etag", tag)
                    .into())
            }
            Some(None) => Err(Problem::new(ErrorCode::NotFound, format!("this node knows no {shown}")).into()),
        }
    }
}
