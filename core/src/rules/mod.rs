//! The judgement. `decide` reads the state and never changes it; `effects` says what follows from an event and its judgement;
//! `evolve` applies that. Ingest does the three in a row; a rebuild takes the stored judgement and does only the last two.

mod effect;
mod touched;

pub use effect::{Change, Cost, Direction, Effect, EntityChange, Movement, evolve};
pub use touched::{touched, touched_through};

use crate::decision::{Judgement, Place};
use crate::fact::Known;
use crate::id::Name;
use crate::state::{Document, EntityKey, SeriesKey, World};

/// Raised whenever the same log could be judged otherwise than before; stored with each decision.
pub const ENGINE_VERSION: u16 = 1;

/// Judges one event in its place.
pub fn decide(world: &World, _place: &Place, known: &Known) -> Judgement {
    Judgement::accepted(world.rulebook.rule_for(&known.event.content.entity_type))
}

/// What follows from an event and its judgement. Nothing follows from one that was not accepted, except what a conflict or a
/// quarantine has to remember.
pub fn effects(_world: &World, _place: &Place, _known: &Known, _judgement: &Judgement) -> Vec<Effect> {
    Vec::new()
}

fn product_key(product: &Name) -> EntityKey {
    EntityKey { entity_type: Name::new("PRODUCT").expect("a valid name"), entity_id: product.clone() }
}

fn client_key(client: &Name) -> EntityKey {
    EntityKey { entity_type: Name::new("CLIENT").expect("a valid name"), entity_id: client.clone() }
}

/// The series of the event's own shop, in the year of its place.
fn series_key(document: Document, known: &Known, place: &Place) -> SeriesKey {
    SeriesKey { document, site: known.event.content.site, year: place.local_year }
}
