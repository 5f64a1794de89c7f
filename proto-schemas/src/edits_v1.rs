//! Preconditions of edits: two users of one server never overwrite each other unseen, whichever endpoint they use.
//!
//! Reading an entity gives an ETag. An update or delete names the ETag it was made from; a create requires that the name is free.
//! A node and central check drafts with the functions here, each under a lock from the read of the present state to the append.
//! An event that is in the log already is not checked again: a retry is the same edit.

use std::collections::HashMap;

use comptoir_core::event::Draft;
use comptoir_core::fact::Fact;
use comptoir_core::state::EntityKey;

use crate::error_code::ErrorCode;
use crate::problem::Problem;

/// An entity's ETag. It begins with central's version; at a node the pending events may follow: `"17+2.1.44"`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tag {
    text: String,
    version: u64,
}

impl Tag {
    /// Reads a tag as reading gave it, in its quotes.
    pub fn parse(text: &str) -> Option<Tag> {
        let inner = text.strip_prefix('"')?.strip_suffix('"')?;
        let digits = inner.find(|character: char| !character.is_ascii_digit()).unwrap_or(inner.len());
        let (version, added) = inner.split_at(digits);
        let is_added = |added: &str| added.starts_with('+') && !added.contains('"');
        let version = version.parse().ok().filter(|_| added.is_empty() || is_added(added))?;
        Some(Tag { text: text.to_owned(), version })
    }

    /// The tag of a version, with nothing added.
    pub fn of_version(version: u64) -> Tag {
        Tag { text: format!("\"{version}\""), version }
    }

    /// Whether the ETag is a version alone, as all of central's are.
    pub fn is_version(&self) -> bool {
        *self == Tag::of_version(self.version)
    }

    /// The tag as it is sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Central's version that the event names as its base; `None` if central did not know the entity.
    pub fn base_version(&self) -> Option<u64> {
        Some(self.version).filter(|version| *version > 0)
    }
}

/// The effect of a draft on an entity made of fields.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Edit {
    /// `CREATE`.
    Make,
    /// `UPDATE`, made from the state with this ETag.
    Change(Option<Tag>),
    /// `DELETE`, made from the state with this ETag.
    Delete(Option<Tag>),
    /// `CONFLICT_RESOLVED` at central, about the entity at this version, which may be deleted.
    Resolve(Option<Tag>),
}

impl Edit {
    /// The edit that a draft makes; `None` if it does not edit fields. `tag` is the ETag that it names.
    pub fn of(fact: &Fact, tag: Option<Tag>) -> Option<Edit> {
        match fact {
            Fact::Created(_) => Some(Edit::Make),
            Fact::Updated(_) => Some(Edit::Change(tag)),
            Fact::Deleted => Some(Edit::Delete(tag)),
            Fact::ConflictResolved(_) => Some(Edit::Resolve(tag)),
            _ => None,
        }
    }
}

/// What a reader would be given of an entity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CurrentEntity {
    /// Central's version; 0 if central does not know the entity.
    pub version: u64,
    /// Its ETag.
    pub tag: String,
    /// Whether the entity exists. A deleted one is shown to no reader.
    pub lives: bool,
}

/// Why an edit is refused. A node and central answer the same problem.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EditRefusal {
    /// PRECONDITION_REQUIRED, PRECONDITION_FAILED or NOT_FOUND.
    pub code: ErrorCode,
    /// With the values, for a person.
    pub detail: String,
    /// JSON pointer to the member of the draft that is wrong.
    pub pointer: Option<&'static str>,
    /// The current version and ETag, if the editor has to read the entity again.
    pub current: Option<(u64, String)>,
}

impl EditRefusal {
    fn new(code: ErrorCode, detail: String) -> EditRefusal {
        EditRefusal { code, detail, pointer: None, current: None }
    }

    fn at(self, pointer: &'static str) -> EditRefusal {
        EditRefusal { pointer: Some(pointer), ..self }
    }
}

impl From<EditRefusal> for Problem {
    fn from(EditRefusal { code, detail, pointer, current }: EditRefusal) -> Problem {
        let mut problem = Problem::new(code, detail);
        if let Some((version, etag)) = current {
            problem = problem.with("version", version).with("etag", etag);
        }
        match pointer {
            Some(pointer) => problem.at(pointer),
            None => problem,
        }
    }
}

/// The edits of one all-or-nothing request. Its drafts about one entity are made from one reading: each names the ETag from
/// before the request, and a draft that builds on the request's own create names none.
#[derive(Debug, Default)]
pub struct Edits(HashMap<EntityKey, ProjectedEntity>);

/// An entity after the drafts so far.
#[derive(Debug)]
struct ProjectedEntity {
    lives: bool,
    /// Whether a draft of the request made it.
    made: bool,
}

impl Edits {
    /// Checks the next draft; `now` is the entity before the request, if known.
    pub fn check(&mut self, draft: &Draft, edit: &Edit, now: Option<&CurrentEntity>) -> Result<(), EditRefusal> {
        let content = &draft.content;
        let key = EntityKey { entity_type: content.entity_type.clone(), entity_id: content.entity_id.clone() };
        let name = format!("{} {}", key.entity_type, key.entity_id);
        let before = || ProjectedEntity { lives: now.is_some_and(|now| now.lives), made: false };
        let ahead = self.0.entry(key).or_insert_with(before);
        match edit {
            Edit::Make if ahead.lives => return Err(is_there(&name, now)),
            Edit::Make => *ahead = ProjectedEntity { lives: true, made: true },
            Edit::Change(tag) | Edit::Delete(tag) => still_so(&name, ahead, tag.as_ref(), now)?,
            Edit::Resolve(tag) => {
                let never = CurrentEntity { version: 0, tag: Tag::of_version(0).text, lives: false };
                let as_it_is = ProjectedEntity { lives: true, made: false };
                still_so(&name, &as_it_is, tag.as_ref(), Some(now.unwrap_or(&never)))?;
            }
        }
        if matches!(edit, Edit::Delete(_)) {
            ahead.lives = false;
        }
        Ok(())
    }
}

fn still_so(
    name: &str,
    ahead: &ProjectedEntity,
    tag: Option<&Tag>,
    now: Option<&CurrentEntity>,
) -> Result<(), EditRefusal> {
    match (tag, now) {
        (None, _) if ahead.made && ahead.lives => Ok(()),
        (None, _) => {
            let detail = format!("read {name} first, and name in base_version or if_match the ETag that it had");
            Err(EditRefusal::new(ErrorCode::PreconditionRequired, detail).at("/base_version"))
        }
        (Some(_), None) => Err(EditRefusal::new(ErrorCode::NotFound, format!("there is no {name} here"))),
        (Some(_), Some(now)) if !ahead.lives => {
            let detail = format!("{name} was deleted, version {}", now.version);
            Err(EditRefusal::new(ErrorCode::NotFound, detail))
        }
        (Some(tag), Some(now)) if now.tag == tag.as_str() && !ahead.made => Ok(()),
        (Some(tag), Some(now)) => {
            let detail = format!("{name} is at {}, the edit was made from {}: read it again", now.tag, tag.as_str());
            Err(moved(detail, now).at("/base_version"))
        }
    }
}

/// A `CREATE` would overwrite an existing entity.
fn is_there(name: &str, now: Option<&CurrentEntity>) -> EditRefusal {
    match now {
        Some(now) => moved(format!("there is a {name}, at {}: read it and change it", now.tag), now).at("/entity_id"),
        None => {
            let detail = format!("an earlier draft of this list makes {name}: change it with UPDATE");
            EditRefusal::new(ErrorCode::PreconditionFailed, detail).at("/entity_id")
        }
    }
}

fn moved(detail: String, now: &CurrentEntity) -> EditRefusal {
    let current = Some((now.version, now.tag.clone()));
    EditRefusal { current, ..EditRefusal::new(ErrorCode::PreconditionFailed, detail) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use comptoir_core::event::Content;
    use comptoir_core::id::{EventId, Name};
    use uuid::Uuid;

    fn draft(id: &str) -> Draft {
        let name = |text: &str| Name::new(text).unwrap();
        let content = Content::new(name("STUDENT"), name(id), name("UPDATE"), b"{}".to_vec());
        Draft { id: EventId::new(Uuid::from_u128(1)), occurred_at: None, content }
    }

    fn now(tag: &str, lives: bool) -> Option<CurrentEntity> {
        Some(CurrentEntity { version: Tag::parse(tag).unwrap().version, tag: tag.to_owned(), lives })
    }

    fn change(tag: &str) -> Edit {
        Edit::Change(Some(Tag::parse(tag).unwrap()))
    }

    fn delete(tag: &str) -> Edit {
        Edit::Delete(Some(Tag::parse(tag).unwrap()))
    }

    /// The answers to the edits of one list about one entity.
    fn heard(edits: &[Edit], now: &Option<CurrentEntity>) -> Vec<&'static str> {
        let mut list = Edits::default();
        let codes = edits.iter().map(|edit| list.check(&draft("7"), edit, now.as_ref()));
        codes.map(|heard| heard.err().map_or("", |refusal| code(&refusal))).collect()
    }

    fn code(refusal: &EditRefusal) -> &'static str {
        match refusal.code {
            ErrorCode::PreconditionRequired => "required",
            ErrorCode::PreconditionFailed => "failed",
            ErrorCode::NotFound => "not found",
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_tag_is_a_version_in_quotes_and_what_a_node_adds() {
        let bases =
            ["\"17\"", "\"17+2.1.44\"", "\"0+1.1.3\""].map(|text| Tag::parse(text).map(|tag| tag.base_version()));
        assert_eq!(bases, [Some(Some(17)), Some(Some(17)), Some(None)]);
        assert!(Tag::parse("\"17\"").unwrap().is_version() && !Tag::parse("\"17+1.1.1\"").unwrap().is_version());
        assert!(!Tag::parse("\"017\"").unwrap().is_version());
        for text in
            ["", "17", "*", "\"\"", "\"x\"", "W/\"17\"", "\"17", "\"17-1\"", "\"17+\"\"", "\"99999999999999999999\""]
        {
            assert_eq!(Tag::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_edit_names_what_a_reader_is_given_now() {
        for (there, tag, said) in [
            (now("\"17\"", true), "\"17\"", ""),
            (now("\"17\"", true), "\"16\"", "failed"),
            (now("\"17\"", true), "\"17+1.1.4\"", "failed"),
            (now("\"17+1.1.4\"", true), "\"17\"", "failed"),
            (now("\"17+1.1.4\"", true), "\"17+1.1.4\"", ""),
            (now("\"17\"", false), "\"17\"", "not found"),
            (None, "\"17\"", "not found"),
        ] {
            assert_eq!(heard(&[change(tag)], &there), [said], "{there:?} {tag}");
            assert_eq!(heard(&[delete(tag)], &there), [said], "{there:?} {tag}");
            assert_eq!(heard(&[Edit::Change(None)], &there), ["required"]);
        }
    }

    #[test]
    fn only_a_free_name_is_given() {
        assert_eq!(heard(&[Edit::Make], &None), [""]);
        assert_eq!(heard(&[Edit::Make], &now("\"17\"", false)), [""]);
        assert_eq!(heard(&[Edit::Make], &now("\"17\"", true)), ["failed"]);
        assert_eq!(heard(&[Edit::Make, Edit::Make], &None), ["", "failed"]);
    }

    #[test]
    fn a_resolution_names_the_version_that_was_read_even_of_deleted_entities() {
        let resolve = |version: u64| Edit::Resolve(Some(Tag::of_version(version)));
        for (there, right) in [(now("\"17\"", true), 17), (now("\"17\"", false), 17), (None, 0)] {
            assert_eq!(heard(&[resolve(right)], &there), [""]);
            assert_eq!(heard(&[resolve(16)], &there), ["failed"]);
            assert_eq!(heard(&[Edit::Resolve(None)], &there), ["required"]);
        }
    }

    #[test]
    fn drafts_of_one_list_are_made_from_one_reading() {
        let there = now("\"17\"", true);
        assert_eq!(heard(&[change("\"17\""), change("\"17\""), delete("\"17\"")], &there), ["", "", ""]);
        assert_eq!(heard(&[change("\"17\""), Edit::Change(None)], &there), ["", "required"]);
        assert_eq!(heard(&[delete("\"17\""), change("\"17\"")], &there), ["", "not found"]);
        let made_again = [delete("\"17\""), Edit::Make, Edit::Change(None), change("\"17\"")];
        assert_eq!(heard(&made_again, &there), ["", "", "", "failed"]);
        assert_eq!(heard(&[Edit::Make, Edit::Change(None), Edit::Delete(None)], &None), ["", "", ""]);
        assert_eq!(heard(&[Edit::Make, Edit::Delete(None), Edit::Delete(None)], &None), ["", "", "required"]);
    }
}
