//! Replaying a tenant's log from an empty state: stored decisions are folded into read models with core's rules. With
//! `redecide`, each record is also decided again from the state at its position, and every difference is reported.
//!
//! The state always follows the stored decisions, because they took effect. Differences are therefore independent: one altered
//! decision does not make all later decisions look altered.
//!
//! One thread reads records and decisions, another folds them. Memory holds the read models and a few portions of the log,
//! however long the log is. Chain links are not checked here, so the log must be verified first.

mod fold;
mod models;
mod read;

use std::collections::BTreeMap;
use std::sync::mpsc::sync_channel;
use std::thread;

use comptoir_core::decision::Verdict;
use comptoir_core::position::Position;
use comptoir_proto::bundle_v1::{BundleHeader, TenantContext};
use serde::Serialize;
use uuid::Uuid;

pub use models::Model;

use crate::source::{AuditError, Source, open};
use fold::Fold;

/// How many portions of the log may wait to be folded.
const PORTIONS_WAITING: usize = 4;

/// A stored decision that differs from what the rules decide.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DecisionDifference {
    /// The record's position in the tenant's order.
    pub position: u64,
    /// The node that wrote the record.
    pub node: Uuid,
    /// The node's epoch.
    pub epoch: u32,
    /// The record's number in the epoch.
    pub seq: u64,
    /// The event.
    pub event: Uuid,
    /// The event's action; absent if the record cannot be decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The entity's type and id; absent if the record cannot be decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// The fields that differ, at least one.
    pub fields: Vec<FieldDifference>,
}

/// One field of a decision, as it is stored and as it is decided again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FieldDifference {
    /// `verdict`, `code`, `flags`, `rule`, `reference`, `resolution`, `rulebook_version`, `effective_at` or `local_year`.
    pub field: &'static str,
    /// The stored value; `-` if there is none.
    pub stored: String,
    /// The value that the rules decide; `-` if there is none.
    pub decided: String,
}

/// The result of a replay.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Replay {
    /// The tenant of the log.
    pub tenant: Uuid,
    /// How many records were applied.
    pub records: u64,
    /// The position of the last record.
    pub position: u64,
    /// The decision chain after the last record, hex: equal if two replays are of the same log.
    pub decision_chain: String,
    /// Number of decisions by verdict.
    pub verdicts: BTreeMap<&'static str, u64>,
    /// The read models after the last record.
    pub models: Vec<Model>,
    /// One digest over all read models, hex: equal if two replays have the same read models.
    pub digest: String,
    /// Whether each record was also decided again.
    pub redecided: bool,
    /// Number of differences; each was passed to `on_difference`.
    pub differences: u64,
    /// Number of decisions made by a newer version of the rules than this program has. The version alone may explain a difference
    /// in such a decision.
    pub by_newer_rules: u64,
    /// Number of decisions flagged `DECISION_RESTORED`: after a restore from an older copy, central repeated a decision that a
    /// node had received. Nothing in the log proves the flag.
    pub restored: u64,
}

/// Replays a whole tenant's log from its bundle, or from its parts in order. Calls `on_difference` for each difference, and
/// `progress` from time to time with the number of bytes read.
pub fn replay(
    sources: &[&dyn Source],
    redecide: bool,
    on_difference: &mut dyn FnMut(&DecisionDifference),
    progress: &mut dyn FnMut(u64),
) -> Result<Replay, AuditError> {
    let (header, context) = headers(sources)?;
    let BundleHeader::Central { tenant, decision_chain, .. } = header else { return Err(AuditError::NoBundle) };
    let name = || sources.first().map(|source| source.name()).unwrap_or_default();
    if redecide && context.is_none() {
        return Err(AuditError::NoContext { name: name() });
    }
    let mut fold =
        Fold::new(tenant, context, redecide, decision_chain).map_err(|zone| AuditError::UnknownZone { zone })?;
    let (sender, receiver) = sync_channel(PORTIONS_WAITING);
    thread::scope(|scope| {
        let reading = scope.spawn(move || read::read(sources, tenant, &sender));
        let mut folded = Ok(());
        'portions: for portion in receiver {
            for record in portion.records {
                let position = record.decision.position;
                match fold.apply_next(record) {
                    Ok(Some(difference)) => on_difference(&difference),
                    Ok(None) => {}
                    Err(why) => {
                        folded = Err(AuditError::Damaged { name: name(), position, why });
                        break 'portions;
                    }
                }
            }
            progress(portion.bytes);
        }
        // If folding ended early, the reader finds the channel closed and ends too.
        let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        folded.and(read)
    })?;
    Ok(fold.replay())
}

/// The header of the first file and the last context in the files. Sites are never removed, so the last context has all of them.
fn headers(sources: &[&dyn Source]) -> Result<(BundleHeader, Option<TenantContext>), AuditError> {
    let mut first = None;
    let mut last_context = None;
    for source in sources {
        let reader = open(*source)?;
        match (*reader.header(), first) {
            (BundleHeader::Node { .. }, _) => {
                return Err(AuditError::Kind { name: source.name(), needed: "a bundle of a tenant's log" });
            }
            (BundleHeader::Central { after, .. }, None) if after > Position::ZERO => {
                return Err(AuditError::NotFromStart { name: source.name(), after });
            }
            (header, None) => first = Some(header),
            (_, Some(_)) => {}
        }
        last_context = reader.context().cloned().or(last_context);
    }
    first.map(|header| (header, last_context)).ok_or(AuditError::NoBundle)
}

/// The number of decisions by verdict, without the verdicts that do not occur.
fn by_word(verdicts: [u64; Verdict::ALL.len()]) -> BTreeMap<&'static str, u64> {
    Verdict::ALL.into_iter().map(Verdict::as_str).zip(verdicts).filter(|(_, count)| *count > 0).collect()
}
