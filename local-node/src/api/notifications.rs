use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::{HeaderMap, Uri};
use comptoir_http_edge::{PAGE_ROWS, PathParams, ProblemResponse, invalid_parameter, page_limit, read_query};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use comptoir_proto::read_v1::RowList;
use comptoir_proto::shop_v1::Notification;
use schemars::JsonSchema;
use serde::Deserialize;

use super::refusal::not_appended;
use crate::blocking::blocking;
use crate::node::Node;
use crate::notifications::{self, Language};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NotificationsQuery {
    /// Only unseen notifications.
    unseen: Option<bool>,
    /// Only those about events that wait for a person, seen or not.
    waiting: Option<bool>,
    /// Maximum number of rows of the page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// `GET /api/v1/notifications?unseen=&waiting=`: oldest first.
pub(super) async fn list(
    State(node): State<Arc<Node>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<RowList<Notification>>, ProblemResponse> {
    let NotificationsQuery { unseen, waiting, limit, cursor } = read_query(&uri)?;
    let limit = page_limit(limit, PAGE_ROWS)?;
    let after = cursor.map(|text| {
        notifications::parse_id(&text)
            .ok_or_else(|| invalid_parameter("cursor", &text, "give the `next_cursor` of the page before"))
    });
    let (after, language) = (after.transpose()?, language(&headers));
    let log = node.log().clone();
    let asked = notifications::Asked { unseen, waiting };
    let page = blocking(move || notifications::list(&log, asked, after, limit, language)).await?;
    Ok(Json(RowList { rows: page.rows, next_cursor: page.next }))
}

/// `POST /api/v1/notifications/{id}/seen`.
pub(super) async fn seen(
    State(node): State<Arc<Node>>,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
) -> Result<Json<Notification>, ProblemResponse> {
    let missing = || Problem::new(ErrorCode::NotFound, format!("there is no notification {id:?}"));
    let key = notifications::parse_id(&id).ok_or_else(missing)?;
    let (log, language) = (node.log().clone(), language(&headers));
    let found = blocking(move || notifications::seen(&log, key, language)).await?;
    let (notification, change) = found.ok_or_else(missing)?;
    if let Some(change) = change {
        node.log().put(vec![vec![change]]).await.map_err(not_appended)?;
    }
    Ok(Json(notification))
}

fn language(headers: &HeaderMap) -> Language {
    Language::accepted(headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()))
}
