//! The version check: an edit is a conflict if another node changed the entity since the version its writer had read; a person
//! decides. Central-only types are checked the same way among central's own edits.

use crate::decision::{Code, DecisionContext, Judgement, Resolution, Verdict};
use crate::fact::{Fact, ParsedEvent, Resolved};
use crate::id::NodeId;
use crate::position::Position;
use crate::rulebook::Rule;
use crate::rules::{Effect, EntityMutation, entity_changed, is_unknown, with_detail};
use crate::state::{DecisionState, Entity, EntityKey, WriteStamp};

/// Decides an edit under the version check.
pub(super) fn decide(entity: Option<&Entity>, known: &ParsedEvent, rule: Rule) -> Judgement {
    if let Some(made) = entity.filter(|entity| is_made_alike(entity, known)) {
        let resolution = Some(server_entity(made));
        return Judgement { resolution, ..Judgement::refused(Verdict::Superseded, Code::EntityExists, rule) };
    }
    let node = known.event.node;
    let base = Position(known.event.content.base_version.unwrap_or_default());
    let objection = match entity {
        // Both writers deleted it: nothing is left to decide, unless earlier edits of this writer wait for a person.
        Some(entity) if entity.deleted && known.fact == Fact::Deleted => {
            let waits = entity.open_conflicts.contains_key(&node);
            (waits && changed_since(entity, node, base)).then_some(Code::EntityDeleted)
        }
        Some(entity) if entity.is_known() => objection(entity, known, node, base),
        _ => (!matches!(known.fact, Fact::Created(_))).then_some(Code::UnknownEntity),
    };
    let Some(code) = objection else { return Judgement::accepted(rule) };
    conflict(entity, known, code, rule)
}

/// First-wins for an entity made of fields: the first `CREATE` wins.
pub(super) fn decide_first_wins(entity: Option<&Entity>, known: &ParsedEvent, rule: Rule) -> Judgement {
    match (is_unknown(entity), &known.fact) {
        (true, Fact::Created(_)) => Judgement::accepted(rule),
        (true, _) => conflict(entity, known, Code::UnknownEntity, rule),
        (false, _) => conflict(entity, known, Code::EntityExists, rule),
    }
}

/// A resolution closes the conflict that its event opened.
pub(super) fn decide_resolution(
    decision_state: &DecisionState,
    known: &ParsedEvent,
    resolved: &Resolved,
    rule: Rule,
) -> Judgement {
    let key = EntityKey::of(known);
    let entity = decision_state.entities.get(&key);
    if entity.is_some_and(|entity| entity.open_conflicts.values().any(|opened| *opened == resolved.conflict)) {
        return Judgement::accepted(rule);
    }
    let detail = format!("event {} opened no conflict over {} {}", resolved.conflict, key.entity_type, key.entity_id);
    with_detail(Judgement::refused(Verdict::Rejected, Code::UnknownEvent, rule), detail)
}

/// A conflict stays open until a person decides; the node's further edits from before the other node's change join it.
/// First-wins leaves nothing to decide.
pub(super) fn conflict_effects(
    decision_state: &DecisionState,
    context: &DecisionContext,
    known: &ParsedEvent,
    rule: Rule,
) -> Vec<Effect> {
    let (key, node) = (EntityKey::of(known), known.event.node);
    let joins = decision_state.entities.get(&key).is_some_and(|entity| entity.open_conflicts.contains_key(&node));
    if joins || rule == Rule::FirstWins {
        return Vec::new();
    }
    vec![Effect::ConflictOpened { key, node, event: known.event.id, position: context.position }]
}

/// The conflict is closed, and the entity becomes what the person chose.
pub(super) fn resolution_effects(
    decision_state: &DecisionState,
    context: &DecisionContext,
    known: &ParsedEvent,
    resolved: &Resolved,
) -> Vec<Effect> {
    let key = EntityKey::of(known);
    let lives = decision_state.entities.get(&key).is_some_and(|entity| entity.is_known() && !entity.deleted);
    let change = resolved.fields.clone().map(|fields| match lives {
        true => EntityMutation::Update(fields),
        false => EntityMutation::Create(fields),
    });
    // Unconditionally: a person's choice is not compared with the clocks of the writers.
    let changed = change.map(|change| entity_changed(context, known, change, Rule::VersionCheck));
    let closed = Effect::ConflictClosed { key, event: resolved.conflict, position: context.position };
    [closed].into_iter().chain(changed).collect()
}

/// Replaces the fields that the change names.
pub(super) fn evolve(entity: &mut Entity, change: &EntityMutation, stamp: WriteStamp) {
    match change {
        EntityMutation::Create(fields) => {
            if !entity.is_known() || entity.deleted {
                clear(entity);
                entity.created = Some(stamp);
                entity.tombstone = None;
                entity.deleted = false;
            }
            fields.iter().for_each(|(name, value)| entity.write(name, value.as_deref(), stamp));
        }
        EntityMutation::Update(fields) => {
            fields.iter().for_each(|(name, value)| entity.write(name, value.as_deref(), stamp));
        }
        EntityMutation::Delete => {
            clear(entity);
            entity.created = None;
            entity.tombstone = Some(stamp);
            entity.deleted = true;
        }
    }
}

pub(super) fn server_entity(entity: &Entity) -> Resolution {
    Resolution::ServerEntity { version: entity.version, fields: entity.as_fields() }
}

/// Whether another node created the entity with the same content: nothing is left to decide.
fn is_made_alike(entity: &Entity, known: &ParsedEvent) -> bool {
    let node = known.event.node;
    let of_another = entity.created.is_some_and(|created| created.node != node);
    of_another && !entity.open_conflicts.contains_key(&node) && entity.is_made_of(&known.fact)
}

/// Why an edit of a known entity conflicts.
fn objection(entity: &Entity, known: &ParsedEvent, node: NodeId, base: Position) -> Option<Code> {
    let made_by_another = || entity.created.is_none_or(|created| created.node != node);
    match &known.fact {
        Fact::Created(_) if !entity.deleted && made_by_another() => Some(Code::EntityExists),
        Fact::Updated(_) if entity.deleted => Some(Code::EntityDeleted),
        _ => changed_since(entity, node, base).then_some(Code::VersionConflict),
    }
}

/// Whether another node changed the entity since the base. An edit whose base covers all of that is decided by itself, even while
/// a conflict of its writer is open: it was made from what central holds.
fn changed_since(entity: &Entity, node: NodeId, base: Position) -> bool {
    entity.changed_by.iter().any(|(other, position)| *other != node && *position > base)
}

fn conflict(entity: Option<&Entity>, known: &ParsedEvent, code: Code, rule: Rule) -> Judgement {
    let content = &known.event.content;
    let based_on = content.base_version.unwrap_or_default();
    let version = entity.map(|entity| entity.version).unwrap_or_default();
    let detail = format!(
        "{} of {} {} is based on version {based_on}, central holds version {version}",
        content.action, content.entity_type, content.entity_id
    );
    let resolution = entity.filter(|entity| entity.is_known()).map(server_entity);
    Judgement { resolution, detail: Some(detail), ..Judgement::refused(Verdict::Conflict, code, rule) }
}

fn clear(entity: &mut Entity) {
    entity.fields.clear();
    entity.stamps.clear();
}
