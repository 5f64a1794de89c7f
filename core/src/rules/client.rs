//! Last writer wins, field by field, by stamp: clients, and every other type that a rulebook assigns to it. The result does not
//! depend on the order in which writes arrive.

use crate::decision::{Code, Judgement, Verdict};
use crate::event::Fields;
use crate::fact::{Fact, ParsedEvent};
use crate::rulebook::Rule;
use crate::rules::EntityMutation;
use crate::rules::entity::server_entity;
use crate::state::{Entity, WriteStamp};

/// Superseded only if none of its fields won.
pub(super) fn decide(entity: Option<&Entity>, known: &ParsedEvent, stamp: WriteStamp, rule: Rule) -> Judgement {
    let Some(entity) = entity else { return Judgement::accepted(rule) };
    let newer = |other: &Option<WriteStamp>| other.is_none_or(|other| stamp > other);
    let a_field_wins = |fields: &Fields| fields.is_empty() || fields.keys().any(|name| wins(entity, name, stamp));
    let won = match &known.fact {
        Fact::Created(fields) => newer(&entity.tombstone) && (newer(&entity.created) || a_field_wins(fields)),
        Fact::Updated(fields) => newer(&entity.tombstone) && a_field_wins(fields),
        _ => newer(&entity.tombstone),
    };
    if won {
        return Judgement::accepted(rule);
    }
    let judgement = Judgement::refused(Verdict::Superseded, Code::Overwritten, rule);
    Judgement { resolution: Some(server_entity(entity)), ..judgement }
}

pub(super) fn evolve(entity: &mut Entity, change: &EntityMutation, stamp: WriteStamp) {
    match change {
        EntityMutation::Create(fields) => {
            entity.created = entity.created.max(Some(stamp));
            merge(entity, fields, stamp);
        }
        EntityMutation::Update(fields) => merge(entity, fields, stamp),
        EntityMutation::Delete => {
            // The tombstone outlives the entity: an older write may still arrive.
            entity.tombstone = entity.tombstone.max(Some(stamp));
            let tombstone = entity.tombstone;
            entity.created = entity.created.filter(|created| Some(*created) > tombstone);
            entity.stamps.retain(|_, written| Some(*written) > tombstone);
            entity.fields.retain(|name, _| entity.stamps.contains_key(name));
        }
    }
    entity.deleted = entity.tombstone.is_some() && entity.created.is_none();
}

fn merge(entity: &mut Entity, fields: &Fields, stamp: WriteStamp) {
    for (name, value) in fields {
        if wins(entity, name, stamp) {
            entity.write(name, value.as_deref(), stamp);
        }
    }
}

fn wins(entity: &Entity, field: &str, stamp: WriteStamp) -> bool {
    Some(stamp) > entity.stamps.get(field).copied()
}
