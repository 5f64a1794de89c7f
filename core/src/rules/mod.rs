//! The judgement. `decide` reads the state and never changes it; `effects` says what follows from an event and its judgement;
//! `evolve` applies that. Ingest does the three in a row; a rebuild takes the stored judgement and does only the last two.

use crate::decision::{Judgement, Place};
use crate::fact::Known;
use crate::rulebook::Rulebook;
use crate::state::{Touched, World};

/// Raised whenever the same log could be judged otherwise than before; stored with each decision.
pub const ENGINE_VERSION: u16 = 1;

/// What one effect changes.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {}

/// The keys that judging and applying an event may read or write: a superset is fine, a missing key is a defect.
pub fn touched(_known: &Known, _place: &Place, _rulebook: &Rulebook, _into: &mut Touched) {}

/// Judges one event in its place.
pub fn decide(_world: &World, _place: &Place, known: &Known) -> Judgement {
    Judgement::accepted(crate::rulebook::Rulebook::default().rule_for(&known.event.content.entity_type))
}

/// What follows from an event and its judgement. Nothing follows from one that was not accepted, except what a conflict or a
/// quarantine has to remember.
pub fn effects(_world: &World, _place: &Place, _known: &Known, _judgement: &Judgement) -> Vec<Effect> {
    Vec::new()
}

/// Applies one effect.
pub fn evolve(_world: &mut World, effect: &Effect) {
    match *effect {}
}
