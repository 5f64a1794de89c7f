//! The drafts in a JSON body: a single object, or a list that is written completely or not at all.

use comptoir_core::limits::LIST_DRAFTS_MAX;
use comptoir_proto::api_v1::DraftDto;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::limited::at_most;
use comptoir_proto::problem::Problem;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::request_body::malformed_body;

/// The drafts of a list, each as the bytes of the body; `None` if the body is not a list.
///
/// `MALFORMED_BODY` if the list is empty or not valid JSON, `TOO_LARGE` if it has more than [`LIST_DRAFTS_MAX`] drafts.
pub fn split_list(body: &[u8]) -> Result<Option<Vec<&RawValue>>, Problem> {
    if body.trim_ascii_start().first() != Some(&b'[') {
        return Ok(None);
    }
    let mut body = serde_json::Deserializer::from_slice(body);
    let list = at_most::<LIST_DRAFTS_MAX, &RawValue, _>(&mut body);
    let list = list.and_then(|list| body.end().map(|()| list)).map_err(|error| malformed_body(&error))?;
    let code = match list.len() {
        0 => ErrorCode::MalformedBody,
        1..=LIST_DRAFTS_MAX => return Ok(Some(list)),
        _ => ErrorCode::TooLarge,
    };
    let got = if list.is_empty() { "0" } else { "more" };
    let detail =
        format!("a list has 1 to {LIST_DRAFTS_MAX} drafts, got {got}; a stream (application/x-ndjson) has no limit");
    Err(Problem::new(code, detail))
}

/// Reads each draft of a list and passes it with its index to `check`. `BATCH_REJECTED` if any draft is refused.
pub fn check_drafts<C>(
    list: &[&RawValue],
    mut check: impl FnMut(usize, &DraftDto) -> Result<C, Problem>,
) -> Result<Vec<C>, Problem> {
    let (mut checked, mut refused) = (Vec::with_capacity(list.len()), Vec::new());
    for (index, text) in list.iter().enumerate() {
        match DraftDto::read(text.get().as_bytes()).and_then(|dto| check(index, &dto)) {
            Ok(draft) => checked.push(draft),
            Err(problem) => refused.push((index, problem)),
        }
    }
    if refused.is_empty() { Ok(checked) } else { Err(batch_rejected(list.len(), refused)) }
}

/// The problem that refuses a list of `count` drafts. `refused` has an index and a problem for each refused draft, in ascending
/// order. The `problems` of the answer have one problem for each draft: its own, or that another draft was refused.
pub fn batch_rejected(count: usize, refused: Vec<(usize, Problem)>) -> Problem {
    let detail = format!("{} of {count} drafts were refused, and nothing was written", refused.len());
    let mut refused = refused.into_iter().peekable();
    let problems = (0..count).map(|index| match refused.next_if(|(own, _)| *own == index) {
        Some((_, problem)) => indexed_problem(index, problem),
        None => {
            let detail = "another draft of this list was refused, and a list is all or nothing";
            indexed_problem(index, Problem::new(ErrorCode::BatchRejected, detail))
        }
    });
    let problems: Vec<Value> = problems.collect();
    Problem::new(ErrorCode::BatchRejected, detail).with("problems", problems)
}

/// The JSON of one draft's problem: with the draft's index, and with a pointer that starts at the root of the body.
fn indexed_problem(index: usize, problem: Problem) -> Value {
    let pointer = format!("/{index}{}", problem.pointer.as_deref().unwrap_or_default());
    serde_json::to_value(problem.at(pointer).with("index", index)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_one_draft_and_an_array_is_a_list_with_a_limit() {
        let read = |body: &str| {
            split_list(body.as_bytes()).map(|list| list.map(|list| list.len())).map_err(|problem| problem.code)
        };
        assert_eq!(read(" {"), Ok(None));
        assert_eq!(read(" [{}, {}]"), Ok(Some(2)));
        assert_eq!(read("[]"), Err("MALFORMED_BODY".to_owned()));
        assert_eq!(read("[{}"), Err("MALFORMED_BODY".to_owned()));
        let many = vec!["{}"; LIST_DRAFTS_MAX + 1].join(",");
        assert_eq!(read(&format!("[{many}]")), Err("TOO_LARGE".to_owned()));
    }

    #[test]
    fn a_refused_list_has_a_problem_for_each_draft() {
        let draft = r#"{"entity_type":"SALE","entity_id":"1","action":"SALE_RECORDED","payload":{}}"#;
        let body = format!("[{draft}, 7, {draft}]");
        let list = split_list(body.as_bytes()).unwrap().unwrap();
        let problem = check_drafts(&list, |index, _| match index {
            2 => Err(Problem::new(ErrorCode::TotalMismatch, "wrong").at("/payload")),
            index => Ok(index),
        });
        let problem = problem.unwrap_err();
        assert_eq!(problem.detail, "2 of 3 drafts were refused, and nothing was written");
        let problems = problem.values["problems"].as_array().unwrap();
        let answered: Vec<_> =
            problems.iter().map(|one| (one["code"].as_str().unwrap(), one["pointer"].as_str().unwrap())).collect();
        assert_eq!(answered, [("BATCH_REJECTED", "/0"), ("MALFORMED_BODY", "/1"), ("TOTAL_MISMATCH", "/2/payload")]);
    }
}
