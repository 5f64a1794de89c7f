//! The two sides of a conflict, and what a choice makes of them. Pure.
//!
//! The local side is the server's entity with the node's edits applied to it, as if nothing stood against them: every field that the
//! edits name has the node's value, the others stay. Where the server's entity is deleted, or was never there, the edits are
//! applied to what the node had, if anything.

use std::collections::{BTreeMap, BTreeSet};

use comptoir_core::decision::{Judgement, Place};
use comptoir_core::fact::{Fact, Fields};
use comptoir_core::rulebook::Rule;
use comptoir_core::rules::{self, Effect};
use comptoir_core::state::{Entity, World};
use comptoir_core::time::Timestamp;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

use super::history::{Conflict, Written};
use super::resolve::Choice;

/// An entity as far as a person looks at it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Side {
    /// Whether it is there.
    pub(super) lives: bool,
    /// Name to JSON text.
    pub(super) fields: BTreeMap<String, String>,
}

/// A field about which the two sides differ; `None` where the side has no such field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Difference {
    pub(super) field: String,
    pub(super) base: Option<String>,
    pub(super) server: Option<String>,
    pub(super) local: Option<String>,
}

/// What is to be written so that the entity becomes what the person chose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Plan {
    /// Of `CONFLICT_RESOLVED`: fields to set over the server's, or the server's as they are.
    pub(super) fields: Option<Fields>,
    /// Whether the entity is deleted right after.
    pub(super) deletes: bool,
    /// What the entity is then.
    pub(super) result: Side,
}

impl Side {
    pub(super) fn of(entity: &Entity) -> Side {
        Side { lives: entity.is_known() && !entity.deleted, fields: entity.fields.clone() }
    }

    fn with(&self, fields: &Fields) -> Side {
        let mut after = self.fields.clone();
        for (name, value) in fields {
            match value {
                Some(value) => after.insert(name.clone(), value.clone()),
                None => after.remove(name),
            };
        }
        Side { lives: true, fields: after }
    }
}

impl Conflict {
    /// The server's side.
    pub(super) fn server_side(&self) -> Side {
        Side::of(&self.server)
    }

    /// The node's side.
    pub(super) fn local_side(&self) -> Side {
        let start = [&self.server, &self.base].into_iter().find(|entity| Side::of(entity).lives);
        let mut world = World::default();
        world.entities.extend(start.map(|entity| (self.key.clone(), entity.clone())));
        self.edits.iter().for_each(|edit| apply(&mut world, edit));
        world.entities.get(&self.key).map(Side::of).unwrap_or_default()
    }

    /// Every field that an edit names.
    pub(super) fn edited(&self) -> BTreeSet<String> {
        let fields = self.edits.iter().filter_map(|edit| match &edit.known.fact {
            Fact::Created(fields) | Fact::Updated(fields) => Some(fields.keys().cloned()),
            _ => None,
        });
        fields.flatten().collect()
    }

    /// Every field in which the sides differ, by name.
    pub(super) fn differences(&self) -> Vec<Difference> {
        let (server, local) = (self.server_side(), self.local_side());
        let names: BTreeSet<&String> = server.fields.keys().chain(local.fields.keys()).collect();
        let differs = |name: &&String| server.fields.get(*name) != local.fields.get(*name);
        let difference = |name: &String| Difference {
            field: name.clone(),
            base: self.base.fields.get(name).cloned(),
            server: server.fields.get(name).cloned(),
            local: local.fields.get(name).cloned(),
        };
        names.into_iter().filter(differs).map(difference).collect()
    }

    /// What a choice comes to. `merged` goes with the fields that the person put together.
    pub(super) fn plan(&self, choice: Choice, merged: Option<&Fields>) -> Result<Plan, Problem> {
        let server = self.server_side();
        match (choice, merged) {
            (Choice::Server, None) => Ok(Plan { fields: None, deletes: false, result: server }),
            (Choice::Local, None) => Ok(self.plan_local(&server)),
            (Choice::Merged, Some(fields)) => {
                let start = if server.lives { server } else { Side::default() };
                Ok(Plan { fields: Some(fields.clone()), deletes: false, result: start.with(fields) })
            }
            (Choice::Merged, None) => {
                let detail = "a merge names its fields: each with its value, null to remove one";
                Err(Problem::new(ErrorCode::BadJson, detail).at("/fields"))
            }
            (Choice::Server | Choice::Local, Some(_)) => {
                let detail = "fields go with the choice \"merged\" alone";
                Err(Problem::new(ErrorCode::BadJson, detail).at("/fields"))
            }
        }
    }

    fn plan_local(&self, server: &Side) -> Plan {
        let local = self.local_side();
        if !local.lives {
            return Plan { fields: None, deletes: server.lives, result: local };
        }
        let gone = server.fields.keys().filter(|name| server.lives && !local.fields.contains_key(*name));
        let set = local.fields.iter().filter(|(name, value)| !server.lives || server.fields.get(*name) != Some(value));
        let fields: Fields = set
            .map(|(name, value)| (name.clone(), Some(value.clone())))
            .chain(gone.map(|name| (name.clone(), None)))
            .collect();
        Plan { fields: Some(fields), deletes: false, result: local }
    }
}

/// Applies an edit as if it had been accepted.
fn apply(world: &mut World, edit: &Written) {
    let place = Place {
        position: edit.position(),
        received_at: Timestamp::default(),
        effective_at: Timestamp::default(),
        local_year: 0,
        site_code: None,
        by_central: false,
        engine: rules::ENGINE_VERSION,
    };
    for effect in rules::effects(world, &place, &edit.known, &Judgement::accepted(Rule::VersionCheck)) {
        if matches!(effect, Effect::EntityChanged(_)) {
            rules::evolve(world, &effect);
        }
    }
}
