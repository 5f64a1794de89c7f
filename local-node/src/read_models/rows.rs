//! Central's rows as they are stored here, and their keys.

use comptoir_core::id::{Name, NameError, SiteId};
use comptoir_core::time::Timestamp;
use comptoir_proto::pull_v1::{RowChange, RowKey, RowKind};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// A row as received from central.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredRow {
    /// The bootstrap during or after which the row came.
    pub(crate) generation: u32,
    pub(crate) position: u64,
    /// When this node received it, by its clock, in microseconds.
    pub(crate) received_at: i64,
    /// One of the types of `read_v1`.
    pub(crate) row: Box<RawValue>,
}

impl StoredRow {
    pub(crate) fn received_at(&self) -> Timestamp {
        Timestamp(self.received_at)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain values and checked JSON encode")
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<StoredRow, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

/// The position and generation of a stored row, without parsing the row.
#[derive(Deserialize)]
pub(crate) struct StoredRowVersion {
    pub(crate) generation: u32,
    pub(crate) position: u64,
}

impl StoredRowVersion {
    /// Whether an incoming row replaces this one. Positions of two generations are not compared: central may have been restored
    /// between them.
    pub(crate) fn yields_to(&self, generation: u32, position: u64) -> bool {
        (generation, position) > (self.generation, self.position)
    }
}

/// Ordinals never move: they are part of keys.
fn ordinal(kind: RowKind) -> u8 {
    match kind {
        RowKind::Entity => 0,
        RowKind::Delivery => 1,
        RowKind::Invoice => 2,
        RowKind::Stock => 3,
    }
}

/// `kind | entity type | 0 | entity id | 0 | site`: a name has no control character, so no key is a prefix of another, and the
/// rows of a type are in the order of their ids' bytes.
pub(crate) fn key(kind: RowKind, entity_type: &str, entity_id: &str, site: Option<Uuid>) -> Vec<u8> {
    let mut key = prefix(kind, entity_type);
    key.extend_from_slice(entity_id.as_bytes());
    key.push(0);
    key.extend_from_slice(site.unwrap_or_default().as_bytes());
    key
}

/// The key of a change, if its names are valid.
pub(crate) fn key_of(row: &RowKey) -> Result<Vec<u8>, NameError> {
    let (entity_type, entity_id) = (Name::new(&row.entity_type)?, Name::new(&row.entity_id)?);
    Ok(key(row.kind, entity_type.as_str(), entity_id.as_str(), row.site))
}

/// The key prefix of a type's rows.
pub(crate) fn prefix(kind: RowKind, entity_type: &str) -> Vec<u8> {
    let mut prefix = vec![ordinal(kind)];
    prefix.extend_from_slice(entity_type.as_bytes());
    prefix.push(0);
    prefix
}

/// One past the last key of a type's rows.
pub(crate) fn end(kind: RowKind, entity_type: &str) -> Vec<u8> {
    let mut end = prefix(kind, entity_type);
    end.pop();
    end.push(1);
    end
}

/// The entity id and the site of a key.
pub(crate) fn id_in(key: &[u8]) -> Option<(&str, Option<SiteId>)> {
    let (rest, site) = key.split_last_chunk::<16>()?;
    let id = rest.strip_suffix(&[0])?.rsplit(|byte| *byte == 0).next()?;
    let site = SiteId::from_bytes(*site);
    Some((std::str::from_utf8(id).ok()?, (!site.uuid().is_nil()).then_some(site)))
}

/// The row to store; `None` if it went out of scope.
pub(crate) fn stored(change: RowChange, generation: u32, now: Timestamp) -> Option<StoredRow> {
    let position = change.position;
    change.row.map(|row| StoredRow { generation, position, received_at: now.0, row })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_type_stand_together_in_the_order_of_their_ids() {
        let site = Some(Uuid::from_bytes([7; 16]));
        let client = |id: &str| key(RowKind::Entity, "CLIENT", id, None);
        let keys = [
            client("a"),
            client("aa"),
            client("b"),
            key(RowKind::Entity, "CLIENTS", "a", None),
            key(RowKind::Delivery, "DELIVERY", "a", None),
            key(RowKind::Stock, "STOCK", "p", None),
            key(RowKind::Stock, "STOCK", "p", site),
        ];
        assert!(keys.is_sorted());
        let (from, to) = (prefix(RowKind::Entity, "CLIENT"), end(RowKind::Entity, "CLIENT"));
        assert_eq!(keys.iter().filter(|key| (&from..&to).contains(key)).count(), 3);
        assert_eq!(id_in(&keys[1]), Some(("aa", None)));
        assert_eq!(id_in(&keys[6]), Some(("p", site.map(SiteId::new))));
    }

    #[test]
    fn a_later_load_counts_whatever_its_positions() {
        let row = RawValue::from_string("{}".to_owned()).unwrap();
        let stored = StoredRow { generation: 2, position: 100, received_at: 5, row };
        let version: StoredRowVersion = serde_json::from_slice(&stored.encode()).unwrap();
        assert!(version.yields_to(2, 101) && version.yields_to(3, 1));
        assert!(!version.yields_to(2, 100) && !version.yields_to(1, 900));
    }
}
