//! A tenant's log applied again from nothing: stored decisions are folded into read models with core's own rules. With `redecide`,
//! each record is also judged again from the state at its position, and every difference is shown.
//!
//! The state always follows the stored decisions: they are what took effect. So each difference stands by itself, and one altered
//! decision does not make all later ones look altered.
//!
//! One thread reads records and decisions, the other folds. Memory holds the read models and a few portions of the log, whatever its
//! length. Links are not computed here: replay what was verified.

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

/// Portions of the log that wait to be folded.
const PORTIONS_WAITING: usize = 4;

/// A stored decision that is another than the rules come to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DecisionDifference {
    /// Where in the tenant's order.
    pub position: u64,
    /// Whose record.
    pub node: Uuid,
    /// The node's epoch.
    pub epoch: u32,
    /// Its number in the epoch.
    pub seq: u64,
    /// The event.
    pub event: Uuid,
    /// What happened; absent where the record does not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// To which entity: its type and id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// What differs, one or more.
    pub fields: Vec<FieldDifference>,
}

/// One field of a decision, as it is stored and as it is decided again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FieldDifference {
    /// `verdict`, `code`, `flags`, `rule`, `reference`, `resolution`, `rulebook_version`, `effective_at` or `local_year`.
    pub field: &'static str,
    /// As it is stored; `-` for nothing.
    pub stored: String,
    /// As the rules have it; `-` for nothing.
    pub decided: String,
}

/// What a replay came to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Replay {
    /// Whose log.
    pub tenant: Uuid,
    /// How many records were applied.
    pub records: u64,
    /// The last position.
    pub position: u64,
    /// The decision chain after it, hex: two replays are of one log when they agree here.
    pub decision_chain: String,
    /// How many decisions spoke how.
    pub verdicts: BTreeMap<&'static str, u64>,
    /// The read models that the log comes to.
    pub models: Vec<Model>,
    /// One digest over all of them, hex: two replays that agree here came to the same read models.
    pub digest: String,
    /// Whether each record was also decided again.
    pub redecided: bool,
    /// Records whose stored decision differs from what was decided again; all of them were shown.
    pub different: u64,
    /// Decisions made by another version of the rules than this program has. A difference among them may be the version's.
    pub by_other_rules: u64,
    /// Decisions that central made as it had told before it was put back to an older copy: flagged `DECISION_RESTORED`. That it had told so is
    /// central's word; nothing in the log shows it.
    pub promised: u64,
}

/// Replays a whole tenant's log from its bundle, or from its parts in order. `show` hears of each difference as it is found, `progress`
/// from time to time of the bytes that were read.
pub fn replay(
    sources: &[&dyn Source],
    redecide: bool,
    show: &mut dyn FnMut(&DecisionDifference),
    progress: &mut dyn FnMut(u64),
) -> Result<Replay, AuditError> {
    let (header, context) = headers(sources)?;
    let BundleHeader::Central { tenant, decision_chain, .. } = header else { return Err(AuditError::Nothing) };
    let name = || sources.first().map(|source| source.name()).unwrap_or_default();
    if redecide && context.is_none() {
        return Err(AuditError::NoContext { name: name() });
    }
    let mut fold = Fold::new(tenant, context, redecide, decision_chain).map_err(|zone| AuditError::Zone { zone })?;
    let (sender, receiver) = sync_channel(PORTIONS_WAITING);
    thread::scope(|scope| {
        let reading = scope.spawn(move || read::read(sources, tenant, &sender));
        let mut folded = Ok(());
        'portions: for portion in receiver {
            for judged in portion.judged {
                let position = judged.decision.position;
                match fold.take(judged) {
                    Ok(Some(difference)) => show(&difference),
                    Ok(None) => {}
                    Err(why) => {
                        folded = Err(AuditError::Damaged { name: name(), position, why });
                        break 'portions;
                    }
                }
            }
            progress(portion.bytes);
        }
        // Where folding ended early the reader finds nobody listening, and ends too.
        let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        folded.and(read)
    })?;
    Ok(fold.replay())
}

/// The first file's header, and the last context that a file has: sites are only ever added.
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
                return Err(AuditError::NotWhole { name: source.name(), after });
            }
            (header, None) => first = Some(header),
            (_, Some(_)) => {}
        }
        last_context = reader.context().cloned().or(last_context);
    }
    first.map(|header| (header, last_context)).ok_or(AuditError::Nothing)
}

/// Counts of each verdict, without those that nobody spoke.
fn by_word(verdicts: [u64; Verdict::ALL.len()]) -> BTreeMap<&'static str, u64> {
    Verdict::ALL.into_iter().map(Verdict::as_str).zip(verdicts).filter(|(_, count)| *count > 0).collect()
}
