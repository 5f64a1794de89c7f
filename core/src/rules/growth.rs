//! How large an entity of fields may grow. Each payload is bounded; without this, edits could pile up a row that no node can keep.
//!
//! Only growth is refused: an entity that was over a limit before there was one can still be changed and made smaller.

use crate::decision::{Code, Judgement, Place, Verdict};
use crate::fact::{Fact, Fields, Known, Resolved};
use crate::limits::{ENTITY_BYTES_MAX, ENTITY_FIELDS_MAX};
use crate::rules::{Change, Effect, EntityChange, client, effects, entity, with_detail};
use crate::state::{Entity, EntityKey, Size, Stamp, World};

/// The version of the rules that brought these limits.
const SINCE: u16 = 2;

/// Refuses an edit, or a resolution, that would be accepted and makes its entity too large.
pub(super) fn refusal(world: &World, place: &Place, known: &Known, judgement: &Judgement) -> Option<Judgement> {
    let fields = fields_of(&known.fact)?;
    let key = EntityKey::of(known);
    let now = world.entities.get(&key);
    if place.engine < SINCE || judgement.verdict != Verdict::Accepted || is_small(now, fields) {
        return None;
    }
    let effects = effects(world, place, known, judgement);
    let changed = effects.iter().find_map(|effect| match effect {
        Effect::EntityChanged(changed) => Some(changed),
        _ => None,
    })?;
    let detail = too_large(&key, now, &after(now, changed))?;
    Some(with_detail(Judgement::refused(Verdict::Rejected, Code::EntityTooLarge, judgement.rule), detail))
}

/// What stands against an edit that is made now of what is shown now: for whoever takes it in and can still refuse it.
pub fn grown(key: &EntityKey, now: Option<&Entity>, fact: &Fact) -> Option<String> {
    let fields = fields_of(fact)?;
    if is_small(now, fields) {
        return None;
    }
    let mut after = now.cloned().unwrap_or_default();
    let change = match fact {
        Fact::Created(fields) => Change::Create(fields.clone()),
        _ => Change::Update(fields.clone()),
    };
    entity::evolve(&mut after, &change, Stamp::OLDEST);
    too_large(key, now, &after)
}

fn fields_of(fact: &Fact) -> Option<&Fields> {
    match fact {
        Fact::Created(fields) | Fact::Updated(fields) => Some(fields),
        Fact::ConflictResolved(Resolved { fields, .. }) => fields.as_ref(),
        _ => None,
    }
}

/// Whether there is room for all of the fields beside what is there: nearly always, and seen without a copy.
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

/// Says so, with both sizes and what to do.
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
