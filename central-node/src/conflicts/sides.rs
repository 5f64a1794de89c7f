//! The two sides of a conflict, and the result of each choice. Pure.
//!
//! The local side is the server's entity with the node's edits applied as if nothing contradicted them: every field that the
//! edits name has the node's value, the others stay. If the server's entity is deleted or never existed, the edits are
//! applied to the node's base, if any.

use std::collections::{BTreeMap, BTreeSet};

use comptoir_core::decision::{DecisionContext, Judgement};
use comptoir_core::event::Fields;
use comptoir_core::fact::Fact;
use comptoir_core::rulebook::Rule;
use comptoir_core::rules::{self, Effect};
use comptoir_core::state::{DecisionState, Entity};
use comptoir_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::history::{Conflict, DecidedEvent};

/// What a person may choose.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Choice {
    /// The server's version, unchanged.
    Server,
    /// The node's edits, applied to the server's version.
    Local,
    /// The server's version with the fields that the person merged.
    Merged,
}

/// Why a choice cannot be planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlanError {
    #[error("a merge names its fields: each with its value, null to remove one")]
    MergeWithoutFields,
    #[error("fields go with the choice \"merged\" alone")]
    FieldsWithoutMerge,
}

/// The part of an entity that a person sees.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct EntitySide {
    /// Whether the entity exists.
    pub(crate) lives: bool,
    /// JSON texts by field name.
    pub(crate) fields: BTreeMap<String, String>,
}

/// A field in which the two sides differ; `None` if a side has no such field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FieldConflict {
    pub(crate) field: String,
    pub(crate) base: Option<String>,
    pub(crate) server: Option<String>,
    pub(crate) local: Option<String>,
}

/// The writes that make the entity what the person chose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ResolutionPlan {
    /// The resolution's fields to set over the server's; `None` leaves the server's version unchanged.
    pub(crate) fields: Option<Fields>,
    /// Whether the entity is deleted right after the resolution.
    pub(crate) deletes: bool,
    /// The resulting entity.
    pub(crate) result: EntitySide,
}

impl EntitySide {
    pub(crate) fn side_of(entity: &Entity) -> EntitySide {
        EntitySide { lives: entity.is_known() && !entity.deleted, fields: entity.fields.clone() }
    }

    fn with(&self, fields: &Fields) -> EntitySide {
        let mut after = self.fields.clone();
        for (name, value) in fields {
            match value {
                Some(value) => after.insert(name.clone(), value.clone()),
                None => after.remove(name),
            };
        }
        EntitySide { lives: true, fields: after }
    }
}

impl Conflict {
    pub(crate) fn server_side(&self) -> EntitySide {
        EntitySide::side_of(&self.server)
    }

    pub(crate) fn local_side(&self) -> EntitySide {
        let start = [&self.server, &self.base].into_iter().find(|entity| EntitySide::side_of(entity).lives);
        let mut decision_state = DecisionState::default();
        decision_state.entities.extend(start.map(|entity| (self.key.clone(), entity.clone())));
        self.edits.iter().for_each(|edit| apply(&mut decision_state, edit));
        decision_state.entities.get(&self.key).map(EntitySide::side_of).unwrap_or_default()
    }

    /// The fields that the edits name.
    pub(crate) fn edited(&self) -> BTreeSet<String> {
        let fields = self.edits.iter().filter_map(|edit| match &edit.known.fact {
            Fact::Created(fields) | Fact::Updated(fields) => Some(fields.keys().cloned()),
            _ => None,
        });
        fields.flatten().collect()
    }

    /// The fields in which the sides differ, by name.
    pub(crate) fn differences(&self) -> Vec<FieldConflict> {
        let (server, local) = (self.server_side(), self.local_side());
        let names: BTreeSet<&String> = server.fields.keys().chain(local.fields.keys()).collect();
        let differs = |name: &&String| server.fields.get(*name) != local.fields.get(*name);
        let difference = |name: &String| FieldConflict {
            field: name.clone(),
            base: self.base.fields.get(name).cloned(),
            server: server.fields.get(name).cloned(),
            local: local.fields.get(name).cloned(),
        };
        names.into_iter().filter(differs).map(difference).collect()
    }

    /// The plan for a choice. `merged` contains the fields that the person merged.
    pub(crate) fn plan(&self, choice: Choice, merged: Option<&Fields>) -> Result<ResolutionPlan, PlanError> {
        let server = self.server_side();
        match (choice, merged) {
            (Choice::Server, None) => Ok(ResolutionPlan { fields: None, deletes: false, result: server }),
            (Choice::Local, None) => Ok(self.plan_local(&server)),
            (Choice::Merged, Some(fields)) => {
                let start = if server.lives { server } else { EntitySide::default() };
                Ok(ResolutionPlan { fields: Some(fields.clone()), deletes: false, result: start.with(fields) })
            }
            (Choice::Merged, None) => Err(PlanError::MergeWithoutFields),
            (Choice::Server | Choice::Local, Some(_)) => Err(PlanError::FieldsWithoutMerge),
        }
    }

    fn plan_local(&self, server: &EntitySide) -> ResolutionPlan {
        let local = self.local_side();
        if !local.lives {
            return ResolutionPlan { fields: None, deletes: server.lives, result: local };
        }
        let gone = server.fields.keys().filter(|name| server.lives && !local.fields.contains_key(*name));
        let set = local.fields.iter().filter(|(name, value)| !server.lives || server.fields.get(*name) != Some(value));
        let fields: Fields = set
            .map(|(name, value)| (name.clone(), Some(value.clone())))
            .chain(gone.map(|name| (name.clone(), None)))
            .collect();
        ResolutionPlan { fields: Some(fields), deletes: false, result: local }
    }
}

/// Applies an edit as if it had been accepted.
fn apply(decision_state: &mut DecisionState, edit: &DecidedEvent) {
    let place = DecisionContext {
        position: edit.position(),
        received_at: Timestamp::default(),
        effective_at: Timestamp::default(),
        local_year: 0,
        site_code: None,
        by_central: false,
    };
    for effect in rules::effects(decision_state, &place, &edit.known, &Judgement::accepted(Rule::VersionCheck)) {
        if matches!(effect, Effect::EntityChanged(_)) {
            rules::evolve(decision_state, &effect);
        }
    }
}
