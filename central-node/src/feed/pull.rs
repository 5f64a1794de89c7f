//! A page of changes, read in one snapshot; if there are none, the caller may wait for the next change.

use std::time::Duration;

use comptoir_core::position::Position;
use comptoir_proto::instant;
use comptoir_proto::pull_v1::{DeviceStatus, Proof, PullCursor, PullResponse};
use deadpool_postgres::Transaction;
use tokio::time::Instant;

use super::changes::changes;
use super::cursor::{FeedError, FeedPosition, NodeCaller, check_not_ahead, check_same_past, snapshot};
use super::notices::notices;
use super::rulebook::in_force_unless;
use super::services::Feed;
use crate::database::StoreError;

/// Reads until there are changes, the wait is over, or central stops. The caller has checked that the cursor belongs to this
/// central and scope. `known_identity` is the identity position of the caller's last answer: another one is a change too.
pub(crate) async fn pull(
    feed: &Feed,
    caller: NodeCaller,
    cursor: &PullCursor,
    known_identity: Option<u64>,
    (limit, wait): (usize, Duration),
) -> Result<PullResponse, FeedError> {
    let deadline = Instant::now() + wait;
    let mut stopping = feed.stopping.clone();
    let mut known_identity = known_identity;
    loop {
        let response = pull_page(feed, caller, cursor, limit).await?;
        let users_changed = *known_identity.get_or_insert(response.identity_position) != response.identity_position;
        let has_news = users_changed
            || !response.changes.is_empty()
            || !response.notices.is_empty()
            || response.rulebook.is_some();
        let quiet = !has_news && !response.has_more && response.device.is_active;
        if !quiet || Instant::now() >= deadline || *stopping.borrow() {
            return Ok(response);
        }
        // From here until it is woken, this request uses no thread and no connection.
        let grew = tokio::select! {
            grew = feed.watch.changed(caller.tenant, caller.scope, Position(response.head), deadline) => grew,
            _ = stopping.wait_for(|stopping| *stopping) => return Ok(response),
        };
        // A reader whose wait ended without changes gets the position up to which it is complete. The database is read again
        // only if the log grew, so that a thousand idle nodes cost one read each instead of two.
        if !grew {
            return Ok(PullResponse { server_time: instant::format(feed.clock.now()), ..response });
        }
    }
}

/// A node may be revoked while its request waits.
async fn is_revoked(tx: &Transaction<'_>, caller: NodeCaller) -> Result<bool, StoreError> {
    let sql = "select from node where tenant_id = $1 and node_id = $2 and revoked_at is not null";
    let statement = tx.prepare_cached(sql).await?;
    Ok(tx.query_opt(&statement, &[&caller.tenant.uuid(), &caller.node.uuid()]).await?.is_some())
}

/// What a revoked node learns: that it is revoked. Its cursor stays as it is.
pub(crate) fn answer_to_revoked(feed: &Feed, caller: NodeCaller, cursor: Option<String>) -> PullResponse {
    let held = cursor.as_deref().and_then(|text| text.parse::<PullCursor>().ok());
    let complete_through = held.map_or(0, |held| held.complete_through());
    PullResponse {
        changes: Vec::new(),
        notices: Vec::new(),
        cursor: cursor.unwrap_or_else(|| feed.first_cursor(caller.scope).to_string()),
        complete_through,
        has_more: false,
        head: complete_through,
        device: DeviceStatus { is_active: false, requires_reauth: false },
        identity_position: 0,
        rulebook: None,
        server_time: instant::format(feed.clock.now()),
        incarnation: feed.incarnation,
    }
}

/// One page, in one snapshot: a node's own event leaves its overlay only after the changed row was delivered with that event
/// included.
async fn pull_page(
    feed: &Feed,
    caller: NodeCaller,
    cursor: &PullCursor,
    limit: usize,
) -> Result<PullResponse, FeedError> {
    let NodeCaller { tenant, node, scope } = caller;
    let mut connection = feed.database.service().await?;
    let tx = snapshot(&mut connection, tenant).await?;
    if is_revoked(&tx, caller).await? {
        return Ok(answer_to_revoked(feed, caller, Some(cursor.to_string())));
    }
    let after = FeedPosition { position: Position(cursor.position), key: cursor.after.clone() };
    let page = changes(&tx, tenant, scope, &after, (None, limit)).await?;
    check_not_ahead(after.position, page.head.head)?;
    if let Some(proof) = &cursor.proof {
        check_same_past(&tx, tenant, proof, &page.head).await?;
    }
    let head = page.head.head;
    // While more rows follow, any of them may have been changed at any position, so `complete_through` does not advance.
    let held_to = Position(cursor.complete_through());
    let (notices, complete_through) = if page.more {
        (Vec::new(), held_to)
    } else {
        let found = notices(&tx, tenant, node, (held_to, head)).await?;
        (found.notices, found.cut_at.unwrap_or(head))
    };
    let (rules_since, rulebook) = in_force_unless(&tx, tenant, cursor.rulebook).await?;
    tx.commit().await.map_err(StoreError::from)?;
    drop(connection);
    let now = feed.clock.now();
    if !page.more {
        feed.contacts.note(&feed.database, caller, complete_through, now).await;
    }
    let next = PullCursor {
        position: page.end.position.0,
        after: page.end.key,
        complete_through: (complete_through != page.end.position || page.more).then_some(complete_through.0),
        rulebook: Some(rules_since),
        proof: Some(Proof::new(head, page.head.decision_chain)),
        ..feed.first_cursor(scope)
    };
    let server_time = page.changes.last().map_or_else(|| instant::format(now), |last| last.received_at.clone());
    Ok(PullResponse {
        has_more: page.more || complete_through < head,
        changes: page.changes,
        notices,
        cursor: next.to_string(),
        complete_through: complete_through.0,
        head: head.0,
        device: DeviceStatus { is_active: true, requires_reauth: false },
        identity_position: page.head.identity_position.0,
        rulebook,
        server_time,
        incarnation: feed.incarnation,
    })
}
