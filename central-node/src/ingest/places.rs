//! Where users last validated or scanned a delivery, to notice two places that nobody can have reached by road. No decision
//! depends on it.

use std::collections::BTreeMap;

use comptoir_core::event::Event;
use comptoir_core::fact::{Fact, ParsedEvent};
use comptoir_core::id::{EventId, TenantId};
use comptoir_core::time::Timestamp;
use deadpool_postgres::Transaction;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Deserialize;
use uuid::Uuid;

use crate::database::{Micros, StoreError};

/// Faster than any van on any road; a driver who flies delivers nothing on the way.
const SPEED_KM_PER_HOUR_MAX: i64 = 200;
/// Without a satellite a phone takes its place from cell towers or from an earlier fix, which may be kilometres off.
const FIX_ERROR_METERS: i64 = 10_000;
const EARTH_RADIUS_METERS: i64 = 6_371_000;

/// A place in millionths of a degree, a tenth of a metre.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) latitude: i32,
    pub(super) longitude: i32,
}

impl Place {
    /// `None` if the degrees are none.
    fn of_degrees(latitude: Decimal, longitude: Decimal) -> Option<Place> {
        let micro = |degrees: Decimal, max: i32| {
            let micro = (degrees.checked_mul(Decimal::from(1_000_000))?).round().to_i32()?;
            (micro.unsigned_abs() <= max.unsigned_abs() * 1_000_000).then_some(micro)
        };
        Some(Place { latitude: micro(latitude, 90)?, longitude: micro(longitude, 180)? })
    }

    /// The place where an event says that it happened: a validation, or an audit entry such as a scan.
    fn of(known: &ParsedEvent) -> Option<Place> {
        match &known.fact {
            Fact::DeliveryValidated(validation) => Place::of_degrees(validation.latitude?, validation.longitude?),
            Fact::AuditRecorded => Place::of_audit_entry(&known.event.content.payload),
            _ => None,
        }
    }

    fn of_audit_entry(payload: &[u8]) -> Option<Place> {
        #[derive(Deserialize)]
        struct PlacedEntry {
            context: Option<PlacedContext>,
        }
        #[derive(Deserialize)]
        struct PlacedContext {
            location: Option<Degrees>,
        }
        #[derive(Deserialize)]
        struct Degrees {
            lat: serde_json::Value,
            lng: serde_json::Value,
        }
        let degrees = |value: &serde_json::Value| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.parse::<Decimal>().ok().or_else(|| Decimal::from_scientific(&text).ok())
        };
        let location = serde_json::from_slice::<PlacedEntry>(payload).ok()?.context?.location?;
        Place::of_degrees(degrees(&location.lat)?, degrees(&location.lng)?)
    }

    /// Metres on a sphere (haversine), which is half a per cent off at most.
    #[expect(clippy::float_arithmetic, reason = "a distance on a globe: no money and no quantity depends on it")]
    pub(super) fn meters_to(self, other: Place) -> i64 {
        let radians = |micro: i32| f64::from(micro).to_radians() / 1e6;
        let (from, to) = (radians(self.latitude), radians(other.latitude));
        let half = |a: f64, b: f64| ((b - a) / 2.0).sin().powi(2);
        let across = half(radians(self.longitude), radians(other.longitude));
        let angle = 2.0 * (half(from, to) + from.cos() * to.cos() * across).sqrt().min(1.0).asin();
        (angle * EARTH_RADIUS_METERS as f64) as i64
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let degrees = |micro: i32| Decimal::new(micro.into(), 6);
        write!(f, "{},{}", degrees(self.latitude), degrees(self.longitude))
    }
}

/// Where and when a user or a node was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sighting {
    pub(super) at: Timestamp,
    pub(super) place: Place,
    pub(super) event: EventId,
}

impl Sighting {
    /// The distance and the time between two sightings, if no road leads from one to the other in that time.
    pub(super) fn impossible_travel(&self, other: &Sighting) -> Option<(i64, u64)> {
        let meters = self.place.meters_to(other.place);
        let seconds = self.at.0.abs_diff(other.at.0) / 1_000_000;
        let reach = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SPEED_KM_PER_HOUR_MAX * 1_000) / 3_600;
        (meters > FIX_ERROR_METERS.saturating_add(reach)).then_some((meters, seconds))
    }
}

/// Who was there: the user, or the log of an event without one.
fn actor(event: &Event) -> String {
    event.content.user.as_ref().map_or_else(|| event.node.to_string(), ToString::to_string)
}

/// The last sightings of the users in a batch.
#[derive(Debug, Default)]
pub(super) struct LastPlaces {
    known: BTreeMap<String, Sighting>,
    changed: BTreeMap<String, Sighting>,
}

impl LastPlaces {
    /// Loads those of the events that say where they happened.
    pub(super) async fn load<'a>(
        tx: &Transaction<'_>,
        tenant: TenantId,
        events: impl Iterator<Item = &'a ParsedEvent>,
    ) -> Result<LastPlaces, StoreError> {
        let mut actors: Vec<String> =
            events.filter(|known| Place::of(known).is_some()).map(|known| actor(&known.event)).collect();
        if actors.is_empty() {
            return Ok(LastPlaces::default());
        }
        actors.sort_unstable();
        actors.dedup();
        let sql = "select actor, seen_at, latitude, longitude, event_id from last_place
                   where tenant_id = $1 and actor = any ($2::text[])";
        let statement = tx.prepare_cached(sql).await?;
        let rows = tx.query(&statement, &[&tenant.uuid(), &actors]).await?;
        let known = rows.iter().map(|row| {
            let Micros(at) = row.try_get("seen_at")?;
            let place = Place { latitude: row.try_get("latitude")?, longitude: row.try_get("longitude")? };
            Ok((row.try_get("actor")?, Sighting { at, place, event: EventId::new(row.try_get("event_id")?) }))
        });
        Ok(LastPlaces { known: known.collect::<Result<_, StoreError>>()?, changed: BTreeMap::new() })
    }

    /// Adds an event that happened at a known time. Returns the sighting before it and its own, if nobody can have been at both.
    pub(super) fn see(&mut self, known: &ParsedEvent, at: Timestamp) -> Option<(Sighting, Sighting)> {
        let seen = Sighting { at, place: Place::of(known)?, event: known.event.id };
        let actor = actor(&known.event);
        let last = self.known.get(&actor).copied();
        if last.is_none_or(|last| last.at <= seen.at) {
            self.known.insert(actor.clone(), seen);
            self.changed.insert(actor, seen);
        }
        last.filter(|last| last.impossible_travel(&seen).is_some()).map(|last| (last, seen))
    }

    /// Stores the last sightings that changed.
    pub(super) async fn save(&self, tx: &Transaction<'_>, tenant: TenantId) -> Result<(), StoreError> {
        if self.changed.is_empty() {
            return Ok(());
        }
        let sql = "insert into last_place (tenant_id, actor, seen_at, latitude, longitude, event_id)
                   select h.tenant_id, unnest($2::text[]), unnest($3::timestamptz[]), unnest($4::int[]), unnest($5::int[]),
                          unnest($6::uuid[])
                   from tenant_head h where h.tenant_id = $1
                   on conflict (tenant_id, actor) do update
                   set seen_at = excluded.seen_at, latitude = excluded.latitude, longitude = excluded.longitude,
                       event_id = excluded.event_id";
        let statement = tx.prepare_cached(sql).await?;
        let actors: Vec<&str> = self.changed.keys().map(String::as_str).collect();
        let seen_at: Vec<Micros> = self.changed.values().map(|seen| Micros(seen.at)).collect();
        let latitudes: Vec<i32> = self.changed.values().map(|seen| seen.place.latitude).collect();
        let longitudes: Vec<i32> = self.changed.values().map(|seen| seen.place.longitude).collect();
        let events: Vec<Uuid> = self.changed.values().map(|seen| seen.event.uuid()).collect();
        tx.execute(&statement, &[&tenant.uuid(), &actors, &seen_at, &latitudes, &longitudes, &events]).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARIS: Place = Place { latitude: 48_856_613, longitude: 2_352_222 };
    const LYON: Place = Place { latitude: 45_764_043, longitude: 4_835_659 };
    const AUCKLAND: Place = Place { latitude: -36_848_461, longitude: 174_763_336 };

    fn seen(minutes: i64, place: Place) -> Sighting {
        Sighting { at: Timestamp(minutes * 60_000_000), place, event: EventId::new(Uuid::nil()) }
    }

    #[test]
    fn distances_are_those_of_a_map() {
        let near =
            |meters: i64, expected: i64| assert!(meters.abs_diff(expected) * 100 < expected.unsigned_abs(), "{meters}");
        near(PARIS.meters_to(LYON), 392_000);
        near(PARIS.meters_to(AUCKLAND), 18_530_000);
        assert_eq!(PARIS.meters_to(PARIS), 0);
        let (east, west) =
            (Place { latitude: 0, longitude: 179_999_999 }, Place { latitude: 0, longitude: -179_999_999 });
        assert!(east.meters_to(west) < 2, "the shorter way around the globe");
    }

    /// 12: few false alarms.
    #[test]
    fn a_van_on_a_motorway_is_possible_and_a_teleported_one_is_not() {
        assert_eq!(seen(0, PARIS).impossible_travel(&seen(4 * 60, LYON)), None);
        let (meters, seconds) = seen(0, PARIS).impossible_travel(&seen(60, LYON)).unwrap();
        assert!((380_000..400_000).contains(&meters) && seconds == 3_600, "{meters} m in {seconds} s");
        assert!(seen(60, LYON).impossible_travel(&seen(0, PARIS)).is_some(), "in the order of receipt too");
        let across_town = Place { latitude: PARIS.latitude + 80_000, ..PARIS };
        assert_eq!(seen(0, PARIS).impossible_travel(&seen(0, across_town)), None, "9 km: an inexact fix");
    }

    #[test]
    fn places_are_read_from_every_form_of_an_audit_entry_and_wrong_ones_are_none() {
        let read = |lat: &str, lng: &str| {
            Place::of_audit_entry(format!(r#"{{"context":{{"location":{{"lat":{lat},"lng":{lng}}}}}}}"#).as_bytes())
        };
        assert_eq!(read("48.856613", "2.352222"), Some(PARIS));
        assert_eq!(read(r#""48.856613""#, r#""2.352222""#), Some(PARIS));
        assert_eq!(read("4.8856613e1", "2.352222"), Some(PARIS));
        for (lat, lng) in [("91", "0"), ("0", "-181"), ("null", "0"), ("1e300", "0"), (r#""""#, "0"), ("[]", "0")] {
            assert_eq!(read(lat, lng), None, "{lat}, {lng}");
        }
        assert_eq!(Place::of_audit_entry(b"{}"), None);
        assert_eq!(PARIS.to_string(), "48.856613,2.352222");
    }
}
