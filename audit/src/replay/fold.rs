use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};

use comptoir_core::chain::ChainHash;
use comptoir_core::decision::Flag;
use comptoir_core::decision::{Code, DecisionContext, Judgement, Verdict};
use comptoir_core::event::TimeSource;
use comptoir_core::fact::{Fact, Objection, ParsedEvent};
use comptoir_core::id::{Name, NodeId, SiteId, TenantId};
use comptoir_core::position::Position;
use comptoir_core::rights::RightsHistory;
use comptoir_core::rules::{self, Precheck, PriorDecision};
use comptoir_core::state::DecisionState;
use comptoir_core::time::Timestamp;
use comptoir_proto::bundle_v1::TenantContext;
use comptoir_proto::opening::{self, EpochEnd};
use comptoir_proto::record_reader::RecordReading;
use comptoir_proto::rights_change::rights_change;
use comptoir_proto::stored_v1::{self, StoredDecision};
use comptoir_proto::{instant, sync_v1};
use jiff::tz::TimeZone;

use super::read::DecidedRecord;
use super::{DecisionDifference, FieldDifference, Replay, by_word, models};

/// Shown for a field without a value.
const NOTHING: &str = "-";

/// The tenant's facts that are not in its log.
struct Tenant {
    central_node: NodeId,
    zone: TimeZone,
    sites: BTreeMap<SiteId, Name>,
}

/// The read models up to a position, and counts of the records applied so far.
pub(super) struct Fold {
    tenant: TenantId,
    /// Needed to decide, not to apply; absent in a bundle without context.
    known: Option<Tenant>,
    redecide: bool,
    decision_state: DecisionState,
    /// Who was allowed what at every position so far.
    rights: RightsHistory,
    /// Where each node's log ends.
    ends: HashMap<NodeId, EpochEnd>,
    records: u64,
    position: Position,
    decision_chain: ChainHash,
    verdicts: [u64; Verdict::ALL.len()],
    differences: u64,
    by_newer_rules: u64,
    restored: u64,
}

impl Fold {
    /// Begins with nothing. The error is the name of a zone that no database here has.
    pub(super) fn new(
        tenant: TenantId,
        context: Option<TenantContext>,
        redecide: bool,
        decision_chain: ChainHash,
    ) -> Result<Fold, String> {
        let known = |TenantContext { central_node, zone, sites }: TenantContext| {
            let zone = TimeZone::get(&zone).map_err(|_| zone)?;
            Ok::<Tenant, String>(Tenant { central_node, zone, sites: sites.into_iter().collect() })
        };
        Ok(Fold {
            tenant,
            known: context.map(known).transpose()?,
            redecide,
            decision_state: DecisionState::default(),
            rights: RightsHistory::of_new_tenant(),
            ends: HashMap::new(),
            records: 0,
            position: Position::ZERO,
            decision_chain,
            verdicts: [0; Verdict::ALL.len()],
            differences: 0,
            by_newer_rules: 0,
            restored: 0,
        })
    }

    /// Applies the next record. Returns how its stored decision differs from what the rules decide; an error is text for people.
    pub(super) fn apply_next(&mut self, next: DecidedRecord) -> Result<Option<DecisionDifference>, String> {
        let context = self.context(&next);
        let DecidedRecord { sealed_at, chain, decision_chain, mut record, decision } = next;
        if let RecordReading::Known(known) = &mut record
            && known.fact == Fact::EpochOpened
            && !context.by_central
            && let Ok(opening) = opening::read(&known.event)
            && let Some(detail) = opening.objection(self.ends.get(&sealed_at.node).copied())
        {
            known.objection = Some(Objection { code: Code::PreviousHeadMismatch, detail });
        }
        if let RecordReading::Known(known) = &mut record
            && !context.by_central
            && let Some(objection) = self.objection_to(known)
        {
            known.objection = Some(objection);
        }
        if let (RecordReading::Known(known), Some(code @ Code::GraceExceeded)) = (&mut record, decision.judgement.code)
            && known.objection.is_none()
        {
            // Central knew at receipt when the device had been in contact, and the log does not show that.
            let detail = decision.judgement.detail.clone().unwrap_or_default();
            known.objection = Some(Objection { code, detail });
        }
        self.restored += u64::from(decision.judgement.flags.contains(&Flag::DecisionRestored));
        self.by_newer_rules += u64::from(decision.engine_version > rules::ENGINE_VERSION);
        let fields = if self.redecide {
            self.decide_again(&context, &record, &decision)
        } else {
            takes_effect_unread(&record, &decision)
        };
        self.apply(&context, &record, &decision)?;
        if context.by_central
            && decision.judgement.verdict == Verdict::Accepted
            && let Some(change) = record.event().and_then(|event| rights_change(&event.content))
        {
            self.rights.apply(decision.position, change);
        }
        self.ends.insert(sealed_at.node, EpochEnd { epoch: sealed_at.epoch, seq: sealed_at.seq, chain });
        (self.position, self.decision_chain) = (decision.position, decision_chain);
        self.records += 1;
        self.verdicts[Verdict::ALL.iter().position(|verdict| *verdict == decision.judgement.verdict).unwrap_or(0)] += 1;
        if fields.is_empty() {
            return Ok(None);
        }
        self.differences += 1;
        let content = record.event().map(|event| &event.content);
        Ok(Some(DecisionDifference {
            position: decision.position.0,
            node: sealed_at.node.uuid(),
            epoch: sealed_at.epoch.number,
            seq: sealed_at.seq.0,
            event: decision.event_id.uuid(),
            action: content.map(|content| content.action.to_string()),
            entity: content.map(|content| format!("{} {}", content.entity_type, content.entity_id)),
            fields,
        }))
    }

    /// The objection of central to an event of a node, whatever its payload says.
    fn objection_to(&self, known: &ParsedEvent) -> Option<Objection> {
        let event = &known.event;
        let device = self.rights.device_role(event.node);
        let objection = || self.rights.objection(event, Some(&known.fact), self.position, device);
        self.rights.revoked(event.node).or_else(objection)
    }

    pub(super) fn replay(&self) -> Replay {
        let models = models::models_of(&self.decision_state);
        Replay {
            tenant: self.tenant.uuid(),
            records: self.records,
            position: self.position.0,
            decision_chain: self.decision_chain.to_string(),
            verdicts: by_word(self.verdicts),
            digest: models::digest(&models),
            models,
            redecided: self.redecide,
            differences: self.differences,
            by_newer_rules: self.by_newer_rules,
            restored: self.restored,
        }
    }

    /// The context in which central decided the record.
    fn context(&self, next: &DecidedRecord) -> DecisionContext {
        let DecidedRecord { sealed_at, record, decision, .. } = next;
        let site = record.event().and_then(|event| event.content.site);
        let code = |tenant: &Tenant| site.and_then(|site| tenant.sites.get(&site).cloned());
        DecisionContext {
            position: decision.position,
            received_at: decision.received_at,
            effective_at: decision.effective_at,
            local_year: decision.local_year,
            site_code: self.known.as_ref().and_then(code),
            by_central: self.known.as_ref().is_some_and(|tenant| tenant.central_node == sealed_at.node),
        }
    }

    /// Decides a record from the state at its position, and compares the result with the stored decision.
    fn decide_again(
        &self,
        context: &DecisionContext,
        record: &RecordReading,
        decision: &StoredDecision,
    ) -> Vec<FieldDifference> {
        let mut again = self.judgement(context, record, &decision.judgement);
        // What central knew of the node's clock at receipt is not in the log, so flags about it cannot be derived again.
        again.flags.extend(decision.judgement.flags.iter().filter(|flag| flag.is_about_time()));
        let mut fields = judgement_fields(decision, &again);
        let book = self.decision_state.rulebook.version;
        fields.extend(field("rulebook_version", &decision.rulebook_version.to_string(), &book.to_string()));
        let effective_at = effective_at(record, decision);
        fields.extend(field(
            "effective_at",
            &instant::format(decision.effective_at),
            &instant::format(effective_at.unwrap_or(decision.effective_at)),
        ));
        let year = self.known.as_ref().map_or(decision.local_year, |tenant| year(&tenant.zone, decision.received_at));
        fields.extend(field("local_year", &decision.local_year.to_string(), &year.to_string()));
        fields
    }

    fn judgement(&self, context: &DecisionContext, record: &RecordReading, stored: &Judgement) -> Judgement {
        let settled = |settled: Precheck<'_>| settled.judgement(&self.decision_state.rulebook, record.event());
        // `verify` checks every id: which of them count, and with what content.
        if record.event().is_some() && stored.verdict == Verdict::Duplicate {
            return settled(Precheck::Duplicate(context.position));
        }
        if record.event().is_some() && stored.code == Some(Code::EventIdReused) {
            return settled(Precheck::Reused(context.position));
        }
        match record {
            RecordReading::Unreadable { code, detail, .. } => settled(Precheck::Unreadable { code: *code, detail }),
            RecordReading::Known(known) => {
                // The rules are pure, so a panic in them changes nothing.
                let decided = || match PriorDecision::restored_by(stored) {
                    // Only central knows that the decision was made before; what follows from it is derived again.
                    Some(prior) => rules::decide_prior(&self.decision_state, context, known, &prior),
                    None => rules::decide(&self.decision_state, context, known),
                };
                catch_unwind(AssertUnwindSafe(decided)).unwrap_or_else(|_| settled(Precheck::Failed))
            }
        }
    }

    /// Applies the record's effects as it was decided.
    fn apply(
        &mut self,
        context: &DecisionContext,
        record: &RecordReading,
        decision: &StoredDecision,
    ) -> Result<(), String> {
        let RecordReading::Known(known) = record else { return Ok(()) };
        let decision_state = &mut self.decision_state;
        let applied = || {
            for effect in rules::effects(decision_state, context, known, &decision.judgement) {
                rules::evolve(decision_state, &effect);
            }
        };
        catch_unwind(AssertUnwindSafe(applied)).map_err(|_| "what it says cannot be applied".to_owned())
    }
}

/// A record that took effect but cannot be decoded here has nothing to apply, which is a difference.
fn takes_effect_unread(record: &RecordReading, decision: &StoredDecision) -> Vec<FieldDifference> {
    let RecordReading::Unreadable { code, .. } = record else { return Vec::new() };
    match decision.judgement.verdict {
        Verdict::Accepted | Verdict::Superseded | Verdict::Conflict => {
            let decided = format!("{} {}", Verdict::Quarantined.as_str(), code.as_str());
            field("verdict", decision.judgement.verdict.as_str(), &decided).into_iter().collect()
        }
        Verdict::Rejected | Verdict::Quarantined | Verdict::Duplicate => Vec::new(),
    }
}

fn judgement_fields(decision: &StoredDecision, again: &Judgement) -> Vec<FieldDifference> {
    let stored = &decision.judgement;
    let code = |judgement: &Judgement| judgement.code.map_or(NOTHING, Code::as_str);
    let flags = |judgement: &Judgement| {
        let words: Vec<&str> = judgement.flags.iter().map(|flag| flag.as_str()).collect();
        if words.is_empty() { NOTHING.to_owned() } else { words.join(" ") }
    };
    let reference = |judgement: &Judgement| judgement.reference.clone().unwrap_or_else(|| NOTHING.to_owned());
    let resolution = |judgement: &Judgement| match &judgement.resolution {
        Some(resolution) => String::from_utf8_lossy(&sync_v1::resolution_to_json(resolution)).into_owned(),
        None => NOTHING.to_owned(),
    };
    let same_resolution = stored.resolution.is_none() && is_too_long(decision, again);
    [
        field("verdict", stored.verdict.as_str(), again.verdict.as_str()),
        field("code", code(stored), code(again)),
        field("flags", &flags(stored), &flags(again)),
        field("rule", stored.rule.as_str(), again.rule.as_str()),
        field("reference", &reference(stored), &reference(again)),
        field("resolution", &resolution(stored), &resolution(again)).filter(|_| !same_resolution),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A decision whose resolution is too long to store is stored without it.
fn is_too_long(decision: &StoredDecision, again: &Judgement) -> bool {
    again.resolution.is_some()
        && stored_v1::encode_decision(&StoredDecision { judgement: again.clone(), ..decision.clone() }).is_err()
}

fn field(field: &'static str, stored: &str, decided: &str) -> Option<FieldDifference> {
    (stored != decided).then(|| FieldDifference { field, stored: stored.to_owned(), decided: decided.to_owned() })
}

/// The effective time, if it follows from the record and its receipt. Central corrects the times of a node's clock by an
/// offset that only central measured, and bounds a caller's time in the future by when the node accepted the event.
fn effective_at(record: &RecordReading, decision: &StoredDecision) -> Option<Timestamp> {
    match record.event() {
        None => Some(decision.received_at),
        Some(event) if event.time_source == TimeSource::Caller => {
            let bounded = decision.judgement.flags.contains(&Flag::TimeInFuture);
            let latest = if bounded { decision.effective_at } else { decision.received_at };
            Some(event.occurred_at.min(latest))
        }
        Some(_) => None,
    }
}

fn year(zone: &TimeZone, at: Timestamp) -> i16 {
    jiff::Timestamp::from_microsecond(at.0).unwrap_or_default().to_zoned(zone.clone()).year()
}
