//! The entity types that a desktop may name: those of its document, and those that the tenant's rulebook names. A misspelt type
//! would be a table of its own that nobody reads.

use std::collections::BTreeSet;

use comptoir_core::id::TenantId;
use comptoir_messages::{Language, Message};
use comptoir_proto::desktop_v1::ENTITY_TYPES;

use crate::database::{self, Database, StoreError};
use crate::state_store::load_rulebook;

/// A tenant's types.
pub(crate) struct EntityTypes(BTreeSet<String>);

/// A type that is none of the tenant's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Language::French))]
pub(crate) struct UnknownEntityType {
    pub(crate) given: String,
    pub(crate) nearest: String,
}

impl UnknownEntityType {
    fn message(&self, language: Language) -> String {
        let message = Message::new("device-unknown-entity-type").with("given", self.given.as_str());
        message.with("nearest", self.nearest.as_str()).text(language)
    }
}

impl EntityTypes {
    pub(crate) async fn load(database: &Database, tenant: TenantId) -> Result<EntityTypes, StoreError> {
        let mut connection = database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        let rulebook = load_rulebook(&tx, tenant).await?;
        let named = rulebook.rules.keys().map(|name| name.to_string());
        Ok(EntityTypes(ENTITY_TYPES.iter().map(|name| (*name).to_owned()).chain(named).collect()))
    }

    pub(crate) fn check(&self, given: &str) -> Result<(), UnknownEntityType> {
        if self.0.contains(given) {
            return Ok(());
        }
        let nearest = self.0.iter().min_by_key(|known| distance(&given.to_uppercase(), known));
        Err(UnknownEntityType { given: given.to_owned(), nearest: nearest.cloned().unwrap_or_default() })
    }
}

/// How many characters have to be inserted, deleted or replaced to make one text of the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    // By the length of the prefix of `right`: the distance of the prefix of `left` read so far.
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, one) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (at, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(one != *other);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D7.
    #[test]
    fn the_nearest_type_is_named_whatever_its_case() {
        let types = EntityTypes(ENTITY_TYPES.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(types.check("STUDENT"), Ok(()));
        for (given, nearest) in [
            ("student", "STUDENT"),
            ("Studnet", "STUDENT"),
            ("ABSENCES", "ABSENCE"),
            ("attendence", "ATTENDANCE"),
            ("schoolLevel", "SCHOOL_LEVEL"),
        ] {
            assert_eq!(types.check(given).map_err(|unknown| unknown.nearest), Err(nearest.to_owned()), "{given}");
        }
        assert_eq!((distance("", "abc"), distance("abc", "abc"), distance("kitten", "sitting")), (3, 0, 3));
    }
}
