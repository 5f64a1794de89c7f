//! Limits of entities made of fields. Each payload is bounded; without this, edits could build a row that no node can store.
//!
//! Only growth is refused: an entity over the limit can still be changed and made smaller. No field that is written may nest too
//! deep.

use crate::decision::{Code, DecisionContext, Judgement, Verdict};
use crate::event::Fields;
use crate::fact::{Fact, ParsedEvent, Resolved};
use crate::limits::{ENTITY_BYTES_MAX, ENTITY_DEPTH_MAX, ENTITY_FIELDS_MAX};
use crate::rules::{Effect, EntityChange, EntityMutation, client, effects, entity, with_detail};
use crate::state::{DecisionState, Entity, EntityKey, Size, WriteStamp};

/// Refuses an edit or resolution that would be accepted and makes its entity too large. One that nests too deep is refused also
/// where it would open a conflict, because a person has to be shown it.
pub(super) fn refusal(
    decision_state: &DecisionState,
    context: &DecisionContext,
    known: &ParsedEvent,
    judgement: &Judgement,
) -> Option<Judgement> {
    let fields = fields_of(&known.fact)?;
    let key = EntityKey::of(known);
    let now = decision_state.entities.get(&key);
    if !matches!(judgement.verdict, Verdict::Accepted | Verdict::Conflict) {
        return None;
    }
    let refused =
        |detail| with_detail(Judgement::refused(Verdict::Rejected, Code::EntityTooLarge, judgement.rule), detail);
    if let Some(detail) = too_deep(&key, fields) {
        return Some(refused(detail));
    }
    if judgement.verdict == Verdict::Conflict || is_small(now, fields) {
        return None;
    }
    let effects = effects(decision_state, context, known, judgement);
    let changed = effects.iter().find_map(|effect| match effect {
        Effect::EntityChanged(changed) => Some(changed),
        _ => None,
    })?;
    too_large(&key, now, &after(now, changed)).map(refused)
}

/// Why an edit would make its entity too large, for callers that can still refuse it.
pub fn grown(key: &EntityKey, now: Option<&Entity>, fact: &Fact) -> Option<String> {
    let fields = fields_of(fact)?;
    if let Some(detail) = too_deep(key, fields) {
        return Some(detail);
    }
    if is_small(now, fields) {
        return None;
    }
    let mut after = now.cloned().unwrap_or_default();
    let change = match fact {
        Fact::Created(fields) => EntityMutation::Create(fields.clone()),
        _ => EntityMutation::Update(fields.clone()),
    };
    entity::evolve(&mut after, &change, WriteStamp::OLDEST);
    too_large(key, now, &after)
}

fn fields_of(fact: &Fact) -> Option<&Fields> {
    match fact {
        Fact::Created(fields) | Fact::Updated(fields) => Some(fields),
        Fact::ConflictResolved(Resolved { fields, .. }) => fields.as_ref(),
        _ => None,
    }
}

/// Whether all of the fields fit next to the existing ones. Nearly always true, and checked without a copy.
fn is_small(now: Option<&Entity>, fields: &Fields) -> bool {
    let before = size(now);
    let added = Size::of(fields.iter().map(|(name, value)| (name.as_str(), value.as_deref().unwrap_or_default())));
    before.fields + added.fields <= ENTITY_FIELDS_MAX && before.bytes + added.bytes <= ENTITY_BYTES_MAX
}

fn after(now: Option<&Entity>, changed: &EntityChange) -> Entity {
    let mut after = now.cloned().unwrap_or_default();
    match changed.by_stamp {
        true => client::evolve(&mut after, &changed.change, changed.stamp),
        false => entity::evolve(&mut after, &changed.change, changed.stamp),
    }
    after
}

/// The first field that nests too deep.
fn too_deep(key: &EntityKey, fields: &Fields) -> Option<String> {
    let values = fields.iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    let mut deep =
        values.map(|(name, value)| (name, 1 + levels(value))).filter(|(_, levels)| *levels > ENTITY_DEPTH_MAX);
    let (name, levels) = deep.next()?;
    Some(format!(
        "{} {} would have {levels} levels in its field {name:?}, at most {ENTITY_DEPTH_MAX}: keep a part of it as another entity or as text",
        key.entity_type, key.entity_id
    ))
}

/// How deep a JSON text nests.
fn levels(json: &str) -> usize {
    // Nesting needs as many brackets as levels, opened and closed: nearly every value is too short to be scanned.
    if json.len() < 2 * (ENTITY_DEPTH_MAX - 1) {
        return 0;
    }
    let (mut levels, mut deepest, mut in_text, mut escaped) = (0usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                levels += 1;
                deepest = deepest.max(levels);
            }
            b'}' | b']' if !in_text => levels = levels.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The message with both sizes and a remedy.
fn too_large(key: &EntityKey, now: Option<&Entity>, after: &Entity) -> Option<String> {
    let (before, after) = (size(now), after.size());
    let said = |what, before, after, max| {
        format!(
            "{} {} has {before} {what} and would have {after}, at most {max}: remove or shorten some first, or keep a part of it as \
             another entity or a file",
            key.entity_type, key.entity_id
        )
    };
    if after.bytes > ENTITY_BYTES_MAX.max(before.bytes) {
        return Some(said("bytes of fields", before.bytes, after.bytes, ENTITY_BYTES_MAX));
    }
    let many = after.fields > ENTITY_FIELDS_MAX.max(before.fields);
    many.then(|| said("fields", before.fields, after.fields, ENTITY_FIELDS_MAX))
}

fn size(entity: Option<&Entity>) -> Size {
    entity.map_or_else(|| Entity::default().size(), Entity::size)
}
