//! `If-Match` and `If-None-Match` of an edit: 428 for a missing header, 400 for a malformed one. The store answers 412 if the
//! entity has another version.

use axum::http::HeaderMap;
use axum::http::header::{IF_MATCH, IF_NONE_MATCH};
use comptoir_proto::edits_v1::Tag;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

use crate::params::invalid_parameter;

/// What the caller of an edit relies on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EditCondition {
    /// `If-Match`: the entity has this tag.
    Current(Tag),
    /// `If-None-Match: *`: there is no such entity.
    Absent,
    /// Neither header.
    None,
}

/// Reads the condition of a request that may create or change. `INVALID_PARAMETER` where it names both.
pub fn edit_condition(headers: &HeaderMap) -> Result<EditCondition, Problem> {
    match (headers.contains_key(IF_MATCH), headers.get(IF_NONE_MATCH).map(|value| value.as_bytes())) {
        (true, None) => if_match(headers).map(EditCondition::Current),
        (false, Some(b"*")) => Ok(EditCondition::Absent),
        (false, None) => Ok(EditCondition::None),
        (_, Some(_)) => {
            let detail = "If-None-Match is `*`, for what does not exist yet; name what was read by If-Match alone";
            Err(Problem::new(ErrorCode::InvalidParameter, detail))
        }
    }
}

/// Reads `If-Match`: one tag, as reading the entity gave it. `PRECONDITION_REQUIRED` where it is absent.
pub fn if_match(headers: &HeaderMap) -> Result<Tag, Problem> {
    let text = if_match_text(headers)?;
    Tag::parse(text).ok_or_else(|| {
        invalid_parameter("If-Match", text, "give the ETag as reading gave it; `*` does not name a version")
    })
}

/// The text of `If-Match`, where the tag has another shape than an entity's.
pub fn if_match_text(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut named = headers.get_all(IF_MATCH).iter();
    let Some(value) = named.next() else {
        return Err(Problem::new(ErrorCode::PreconditionRequired, "read it first, and send its ETag as If-Match"));
    };
    if named.next().is_some() {
        let detail = "If-Match is there more than once: give the one ETag of what was read";
        return Err(Problem::new(ErrorCode::InvalidParameter, detail));
    }
    let text = value.to_str().unwrap_or_default().trim();
    if text.is_empty() {
        return Err(invalid_parameter("If-Match", text, "give the ETag as reading gave it"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn read(headers: &[(HeaderName, &str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        match edit_condition(&map) {
            Ok(EditCondition::Current(tag)) => tag.as_str().to_owned(),
            Ok(EditCondition::Absent) => "absent".to_owned(),
            Ok(EditCondition::None) => "none".to_owned(),
            Err(problem) => problem.code,
        }
    }

    #[test]
    fn an_edit_names_one_version_or_that_there_is_none() {
        assert_eq!(read(&[(IF_MATCH, "\"17\"")]), "\"17\"");
        assert_eq!(read(&[(IF_MATCH, " \"17+2.1.44\" ")]), "\"17+2.1.44\"");
        assert_eq!(read(&[(IF_NONE_MATCH, "*")]), "absent");
        assert_eq!(read(&[]), "none");
        assert_eq!(
            if_match(&HeaderMap::new()).map_err(|problem| problem.code),
            Err("PRECONDITION_REQUIRED".to_owned())
        );
    }

    #[test]
    fn a_condition_that_names_nothing_or_two_things_is_refused() {
        for bad in ["", "*", "17", "W/\"17\"", "\"17\", \"18\"", "\u{e9}"] {
            assert_eq!(read(&[(IF_MATCH, bad)]), "INVALID_PARAMETER", "{bad}");
        }
        assert_eq!(read(&[(IF_MATCH, "\"17\""), (IF_MATCH, "\"18\"")]), "INVALID_PARAMETER");
        assert_eq!(read(&[(IF_NONE_MATCH, "\"17\"")]), "INVALID_PARAMETER");
        assert_eq!(read(&[(IF_MATCH, "\"17\""), (IF_NONE_MATCH, "*")]), "INVALID_PARAMETER");
    }
}
