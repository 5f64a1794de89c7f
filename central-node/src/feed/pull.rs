//! `GET /api/v1/sync/pull`: a page of changes, read in one snapshot; where there are none, the caller may wait for the next.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::instant;
use comptoir_proto::problem::Problem;
use comptoir_proto::pull_v1::{DeviceStatus, Proof, PullCursor, PullResponse};
use deadpool_postgres::Transaction;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;
use tokio_postgres::IsolationLevel;

use super::notices::notices;
use super::rulebook::in_force_unless;
use super::{FeedPosition, Scope, changes};
use crate::api::{ProblemResponse, credential, summary};
use crate::central::Central;
use crate::database::{self, Micros, StoreError, TxPhase, as_bigint, set_tenant};
use crate::event_store::{TenantHead, decision_chain_at};
use crate::identity::Access;
use crate::sync_log::{Direction, SyncCounts, SyncSession};

/// Rows of a page where the caller names no limit.
const LIMIT: usize = 200;
/// The most it may name.
const LIMIT_MAX: usize = 5_000;
/// The longest wait, in seconds.
const WAIT_SECONDS_MAX: u64 = 30;
/// A node's pulls are noted at most so often.
const CONTACT_EVERY_MICROS: i64 = 60_000_000;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeedQuery {
    /// `cursor` of the answer before; nothing for a start from the beginning.
    cursor: Option<String>,
    /// Rows of a page.
    #[schemars(with = "Option<u64>", range(min = 1, max = 5_000))]
    limit: Option<usize>,
    /// How many seconds that may take.
    #[schemars(with = "Option<u64>", range(max = 30))]
    wait: Option<u64>,
}

/// A node that asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeCaller {
    pub(super) tenant: TenantId,
    pub(super) node: NodeId,
    pub(super) scope: Scope,
}

/// Who asks, where it is a node.
pub(super) async fn node_caller(central: &Central, headers: &HeaderMap) -> Result<NodeCaller, ProblemResponse> {
    let credential = credential(central, headers).await?;
    match credential.access {
        Access::Node { node, site } => {
            Ok(NodeCaller { tenant: credential.tenant, node, scope: Scope { site, shows_conflicts: true } })
        }
        Access::Admin => {
            let detail = "only a node pulls: an administrator reads the lists and the reports";
            Err(Problem::new(ErrorCode::Forbidden, detail).into())
        }
    }
}

/// 410 where a cursor or token was made by another central, or for another scope.
pub(super) fn check_made_here(
    central: &Central,
    scope: Scope,
    (incarnation, scope_name): (uuid::Uuid, &str),
) -> Result<(), Problem> {
    if incarnation != central.incarnation() {
        let detail = format!("the cursor is of central {incarnation}, this is {}", central.incarnation());
        return Err(
            Problem::new(ErrorCode::IncarnationChanged, detail).with("incarnation", central.incarnation().to_string())
        );
    }
    if scope_name != scope.name() {
        let detail = format!("the cursor is for scope {scope_name:?}, the node now has {:?}", scope.name());
        return Err(Problem::new(ErrorCode::ScopeChanged, detail).with("scope", scope.name()));
    }
    Ok(())
}

/// 410 where something lies ahead of the log: this central has lost what it gave.
pub(super) fn check_not_ahead(position: Position, head: Position) -> Result<(), Problem> {
    if position > head {
        let detail = format!("the cursor is at position {position}, the log ends at {head}: it was restored");
        return Err(Problem::new(ErrorCode::IncarnationChanged, detail).with("head", head.0));
    }
    Ok(())
}

/// 410 where what was given is of another past than this log's: central was put back to an older copy, and has grown again since. Nobody
/// has to tell it so: every reader's own cursor does.
pub(super) async fn check_same_past(
    tx: &Transaction<'_>,
    tenant: TenantId,
    proof: &Proof,
    head: &TenantHead,
) -> Result<(), ProblemResponse> {
    let position = Position(proof.position);
    check_not_ahead(position, head.head)?;
    // What was proven was the end of a batch: where the past is the same, this reads one row.
    let chain =
        if position == head.head { head.decision_chain } else { decision_chain_at(tx, tenant, position).await? };
    let here = Proof::new(position, chain);
    if here != *proof {
        let detail = format!(
            "the cursor was given when the decisions up to position {position} ended in {}, here they end in {}: \
             this central was restored",
            proof.chain, here.chain
        );
        return Err(Problem::new(ErrorCode::IncarnationChanged, detail).with("head", head.head.0).into());
    }
    Ok(())
}

pub(super) async fn pull(
    State(central): State<Arc<Central>>,
    query: Result<Query<FeedQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Json<PullResponse>, ProblemResponse> {
    let asker = node_caller(&central, &headers).await?;
    let Query(query) = query.map_err(|rejection| bad(rejection.body_text()))?;
    let limit = query.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(bad(format!("limit={limit}: a page has 1 to {LIMIT_MAX} rows")).at("limit").into());
    }
    let wait = query.wait.unwrap_or_default();
    if wait > WAIT_SECONDS_MAX {
        return Err(bad(format!("wait={wait}: a request waits at most {WAIT_SECONDS_MAX} seconds")).at("wait").into());
    }
    let cursor = match &query.cursor {
        Some(text) => text.parse::<PullCursor>().map_err(|error| bad(error.to_string()).at("cursor"))?,
        None => start(&central, asker.scope),
    };
    check_made_here(&central, asker.scope, (cursor.incarnation, &cursor.scope))?;
    if i64::try_from(cursor.position).is_err() {
        return Err(bad(format!("cursor: {} is no position", cursor.position)).at("cursor").into());
    }
    let sync = SyncSession::of_node((central.database(), central.clock()), asker.tenant, asker.node, Direction::Down);
    let answer = answered(&central, asker, &cursor, limit, Duration::from_secs(wait)).await;
    // A wait for nothing is no synchronisation.
    let outcome =
        answer.as_ref().map(|page| page.changes.len() + page.notices.len()).map_err(|refusal| refusal.0.clone());
    if !matches!(outcome, Ok(0)) {
        let counts = outcome.map(|events| SyncCounts { events, ..SyncCounts::default() });
        sync.end_in_background(counts.map_err(|problem| summary(&problem)));
    }
    Ok(Json(answer?))
}

fn bad(detail: String) -> Problem {
    Problem::new(ErrorCode::InvalidParameter, detail)
}

/// The cursor of who has nothing.
fn start(central: &Central, scope: Scope) -> PullCursor {
    PullCursor {
        incarnation: central.incarnation(),
        scope: scope.name(),
        position: 0,
        after: None,
        complete_through: None,
        rulebook: None,
        proof: None,
    }
}

/// Reads until there is something to tell, or the time is up, or central stops.
async fn answered(
    central: &Central,
    asker: NodeCaller,
    cursor: &PullCursor,
    limit: usize,
    wait: Duration,
) -> Result<PullResponse, ProblemResponse> {
    let deadline = Instant::now() + wait;
    let mut stopping = central.stopping();
    loop {
        let response = page(central, asker, cursor, limit).await?;
        let told = !response.changes.is_empty() || !response.notices.is_empty() || response.rulebook.is_some();
        let quiet = !told && !response.has_more;
        if !quiet || Instant::now() >= deadline || *stopping.borrow() {
            return Ok(response);
        }
        // From here until it is woken this request is a future and nothing else.
        let grew = tokio::select! {
            grew = central.watch().changed(asker.tenant, asker.scope, Position(response.head), deadline) => grew,
            _ = stopping.wait_for(|stopping| *stopping) => return Ok(response),
        };
        // Whoever waited in vain hears up to where it has everything, which is read once more if the log grew: a thousand quiet nodes cost
        // one reading each, not two.
        if !grew {
            return Ok(PullResponse { server_time: instant::format(central.clock().now()), ..response });
        }
    }
}

/// One page, in one snapshot: a node's own event leaves its overlay only once the row that it changed was delivered as it then stood.
async fn page(
    central: &Central,
    asker: NodeCaller,
    cursor: &PullCursor,
    limit: usize,
) -> Result<PullResponse, ProblemResponse> {
    let NodeCaller { tenant, node, scope } = asker;
    let mut connection = central.database().service().await?;
    let tx = snapshot(&mut connection, tenant).await?;
    let after = FeedPosition { position: Position(cursor.position), key: cursor.after.clone() };
    let page = changes(&tx, tenant, scope, &after, limit).await?;
    check_not_ahead(after.position, page.head.head)?;
    if let Some(proof) = &cursor.proof {
        check_same_past(&tx, tenant, proof, &page.head).await?;
    }
    let head = page.head.head;
    // While rows wait, any of them may have been changed at any position: nothing new is complete.
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
    let now = central.clock().now();
    if !page.more {
        central.last_contacts().note(central, asker, complete_through, now).await;
    }
    let next = PullCursor {
        position: page.end.position.0,
        after: page.end.key,
        complete_through: (complete_through != page.end.position || page.more).then_some(complete_through.0),
        rulebook: Some(rules_since),
        proof: Some(Proof::new(head, page.head.decision_chain)),
        ..start(central, scope)
    };
    let server_time = page.changes.last().map_or_else(|| instant::format(now), |last| last.received_at.clone());
    Ok(PullResponse {
        has_more: page.more || complete_through < head,
        changes: page.changes,
        notices,
        cursor: next.to_string(),
        complete_through: complete_through.0,
        head: head.0,
        // A revoked key never comes this far: it is refused with 401.
        device: DeviceStatus { is_active: true, requires_reauth: false },
        rulebook,
        server_time,
        incarnation: central.incarnation(),
    })
}

/// A read-only transaction that sees one moment.
pub(super) async fn snapshot(
    connection: &mut deadpool_postgres::Object,
    tenant: TenantId,
) -> Result<Transaction<'_>, StoreError> {
    let tx =
        connection.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true).start().await?;
    set_tenant(&tx, tenant).await?;
    Ok(tx)
}

/// When each node was last noted, by this process.
#[derive(Debug, Default)]
pub(crate) struct LastContacts(Mutex<HashMap<(TenantId, NodeId), Timestamp>>);

impl LastContacts {
    /// Notes that a node pulled, at most once a minute. A failure is told and costs the node nothing.
    async fn note(&self, central: &Central, asker: NodeCaller, pulled_to: Position, now: Timestamp) {
        {
            let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let last = noted.entry((asker.tenant, asker.node)).or_insert(Timestamp::MIN);
            if now.0.saturating_sub(last.0) < CONTACT_EVERY_MICROS {
                return;
            }
            *last = now;
        }
        if let Err(error) = write(central, asker, pulled_to, now).await {
            tracing::warn!(node.id = %asker.node, %error, "a node's pull could not be noted");
        }
    }
}

async fn write(central: &Central, asker: NodeCaller, pulled_to: Position, now: Timestamp) -> Result<(), StoreError> {
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, asker.tenant).await?;
    let sql = "insert into node_pull (tenant_id, node_id, last_pull_at, pulled_to) values ($1, $2, $3, $4)
               on conflict (tenant_id, node_id) do update
               set last_pull_at = excluded.last_pull_at, pulled_to = excluded.pulled_to";
    let statement = tx.prepare_cached(sql).await?;
    let (tenant, node) = (asker.tenant.uuid(), asker.node.uuid());
    tx.execute(&statement, &[&tenant, &node, &Micros(now), &as_bigint(pulled_to.0)]).await?;
    tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))
}
