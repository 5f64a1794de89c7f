//! References to entities in a payload: which fields name one, and how their ids are replaced.

use std::borrow::Cow;
use std::collections::BTreeMap;

use comptoir_core::id::Name;
use serde_json::value::{RawValue, to_raw_value};

/// How deep a payload is searched for ids: the depth limit of all JSON here.
pub(super) const DEPTH_MAX: usize = 128;

/// Which entity an id names: that of the payload itself, or one that it refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum IdRole {
    Own,
    Reference,
}

impl IdRole {
    /// The type that is named; a reference may name it in the plural: `students`.
    pub(super) fn types(self, named: &Name) -> impl Iterator<Item = Name> {
        let singular = named.as_str().strip_suffix('S').filter(|_| self == IdRole::Reference);
        [Some(named.clone()), singular.and_then(|name| Name::new(name).ok())].into_iter().flatten()
    }
}

/// The id that takes an id's place, if any.
pub(super) type Replace<'r> = &'r dyn Fn(&Name, &str, IdRole) -> Option<String>;

/// Replaces ids in fields that name an entity's type: of a STUDENT `studentId`, `student_id`, `studentIds`, `idStudent`,
/// `student.id`, and `id` of the object or of the objects in the list `student` or `students`; `id` of the payload itself. An id
/// may be a number. Nothing where there are none. Every other value keeps the bytes of its writer: a number read and written
/// again may be another number.
pub(super) fn rename(
    text: &str,
    own: Option<(&Name, IdRole)>,
    replace: Replace<'_>,
    depth: usize,
) -> Option<Box<RawValue>> {
    let depth = depth.checked_sub(1)?;
    let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) else {
        return each(text, |value| rename(value, own.filter(|(_, role)| *role == IdRole::Reference), replace, depth));
    };
    let mut renamed = false;
    let mut new = BTreeMap::new();
    for (field, value) in fields {
        let changed = match (field.as_str(), own, named_type(&field)) {
            ("id", Some((own, role)), _) => rename_ids(value.get(), own, role, replace, depth),
            (.., Some(NamedType::Id(named))) => rename_ids(value.get(), &named, IdRole::Reference, replace, depth),
            (.., Some(NamedType::Row(named))) => rename(value.get(), Some((&named, IdRole::Reference)), replace, depth),
            (.., None) => rename(value.get(), None, replace, depth),
        };
        renamed |= changed.is_some();
        new.insert(field, changed.map_or(Cow::Borrowed(value), Cow::Owned));
    }
    renamed.then(|| to_raw_value(&new).ok()).flatten()
}

fn rename_ids(
    text: &str,
    entity_type: &Name,
    role: IdRole,
    replace: Replace<'_>,
    depth: usize,
) -> Option<Box<RawValue>> {
    let depth = depth.checked_sub(1)?;
    let id = serde_json::from_str::<String>(text).ok();
    let id = id.or_else(|| serde_json::from_str::<serde_json::Number>(text).ok().map(|_| text.to_owned()));
    match id {
        Some(id) => to_raw_value(&replace(entity_type, &id, role)?).ok(),
        None => each(text, |value| rename_ids(value, entity_type, role, replace, depth)),
    }
}

/// A list with some values replaced; `None` if none is, or if it is no list.
fn each(text: &str, change: impl Fn(&str) -> Option<Box<RawValue>>) -> Option<Box<RawValue>> {
    let values: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let mut changed = false;
    let new: Vec<Cow<'_, RawValue>> = values
        .into_iter()
        .map(|value| match change(value.get()) {
            Some(new) => {
                changed = true;
                Cow::Owned(new)
            }
            None => Cow::Borrowed(value),
        })
        .collect();
    changed.then(|| to_raw_value(&new).ok()).flatten()
}

/// The entity type that a field's name names.
#[derive(Debug, PartialEq, Eq)]
enum NamedType {
    /// The field has ids of that type.
    Id(Name),
    /// The field may have rows of that type.
    Row(Name),
}

/// Reads the words of a field's name: `academicYearId`, `academic_year_id`, `academicYearIds`, `academicYear.id` and
/// `idAcademicYear` are an id of an ACADEMIC_YEAR, `academicYear` and `academicYears` one or more of its rows.
fn named_type(field: &str) -> Option<NamedType> {
    let mut words: Vec<String> = Vec::new();
    let mut before = None;
    for character in field.chars() {
        let is_end = matches!(character, '_' | '-' | '.' | ' ');
        let begins = before.is_none_or(|before: char| {
            character.is_uppercase() && !before.is_uppercase() || matches!(before, '_' | '-' | '.' | ' ')
        });
        match words.last_mut() {
            _ if is_end => {}
            Some(word) if !begins => word.extend(character.to_uppercase()),
            _ => words.push(character.to_uppercase().collect()),
        }
        before = Some(character);
    }
    let is_id = |word: &String| matches!(word.as_str(), "ID" | "IDS");
    let name = |words: &[String]| Name::new(words.join("_")).ok();
    match words.as_slice() {
        [] => None,
        [of @ .., last] if is_id(last) && !of.is_empty() => name(of).map(NamedType::Id),
        [first, of @ ..] if is_id(first) && !of.is_empty() => name(of).map(NamedType::Id),
        [only] if is_id(only) => None,
        all => name(all).map(NamedType::Row),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D6.
    #[test]
    fn a_field_s_name_names_a_type_in_every_usual_spelling() {
        let id = |name: &str| Some(NamedType::Id(Name::new(name).unwrap()));
        let row = |name: &str| Some(NamedType::Row(Name::new(name).unwrap()));
        for field in ["academicYearId", "academic_year_id", "academicYearIds", "AcademicYearID", "ACADEMIC_YEAR_IDS"] {
            assert_eq!(named_type(field), id("ACADEMIC_YEAR"), "{field}");
        }
        for field in ["idAcademicYear", "id_academic_year", "academicYear.id", "academic-year-id"] {
            assert_eq!(named_type(field), id("ACADEMIC_YEAR"), "{field}");
        }
        assert_eq!((named_type("academicYear"), named_type("Student")), (row("ACADEMIC_YEAR"), row("STUDENT")));
        assert_eq!((named_type("id"), named_type("ids"), named_type("_"), named_type("")), (None, None, None, None));
        // Another word names another type: it cannot be known that these are a STUDENT's.
        assert_eq!((named_type("eleveId"), named_type("authorStudentId")), (id("ELEVE"), id("AUTHOR_STUDENT")));
    }
}
