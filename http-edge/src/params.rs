//! Path parts and query strings. An unknown parameter is refused: a misspelt one would be answered as if it had not been there.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use comptoir_core::limits::PAGE_ROWS_MAX;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use serde::de::DeserializeOwned;

use crate::problem_response::ProblemResponse;

/// Rows of a page where the caller names no `limit`.
pub const PAGE_ROWS: usize = 100;

/// Reads a query string; `T` says which parameters there are. `INVALID_PARAMETER` where it does not read.
pub fn read_query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    match Query::<T>::try_from_uri(uri) {
        Ok(Query(query)) => Ok(query),
        Err(error) => Err(Problem::new(ErrorCode::InvalidParameter, error.body_text())),
    }
}

/// Reads a form, which is encoded as a query string is. The values are not quoted in a refusal: they may be secrets.
pub(crate) fn read_form<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let uri = std::str::from_utf8(body).ok().and_then(|body| format!("/?{body}").parse::<Uri>().ok());
    let form = uri.and_then(|uri| Query::<T>::try_from_uri(&uri).ok());
    let unread = || Problem::new(ErrorCode::MalformedBody, "the form does not have the fields that are expected here");
    form.map(|Query(form)| form).ok_or_else(unread)
}

/// A parameter that does not read, with what is needed instead.
pub fn invalid_parameter(name: &str, value: &str, needed: &str) -> Problem {
    Problem::new(ErrorCode::InvalidParameter, format!("{name}={value:?}: {needed}")).at(name.to_owned())
}

/// A page's `limit`: 1 to [`PAGE_ROWS_MAX`] rows. `default` is for a caller who names none.
pub fn page_limit(asked: Option<usize>, default: usize) -> Result<usize, Problem> {
    match asked.unwrap_or(default) {
        limit @ 1..=PAGE_ROWS_MAX => Ok(limit),
        other => {
            let detail = format!("limit is 1 to {PAGE_ROWS_MAX}, got {other}");
            Err(Problem::new(ErrorCode::InvalidParameter, detail))
        }
    }
}

/// The parts of a path, decoded. Those that do not decode are refused like any other parameter.
pub struct PathParams<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathParams<T> {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<PathParams<T>, ProblemResponse> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(values)) => Ok(PathParams(values)),
            Err(error) => Err(Problem::new(ErrorCode::InvalidParameter, error.body_text()).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_page_has_one_to_a_thousand_rows() {
        assert_eq!(page_limit(None, PAGE_ROWS), Ok(PAGE_ROWS));
        assert_eq!((page_limit(Some(1), 7), page_limit(Some(1000), 7)), (Ok(1), Ok(1000)));
        for bad in [0, 1001] {
            let refused = page_limit(Some(bad), 7).map_err(|problem| problem.code);
            assert_eq!(refused, Err("INVALID_PARAMETER".to_owned()), "{bad}");
        }
    }

    #[test]
    fn a_query_that_does_not_read_is_refused() {
        let read =
            |uri: &str| read_query::<BTreeMap<String, u8>>(&uri.parse().unwrap()).map_err(|problem| problem.code);
        assert_eq!(read("/?a=1"), Ok(BTreeMap::from([("a".to_owned(), 1)])));
        assert_eq!(read("/?a=x"), Err("INVALID_PARAMETER".to_owned()));
    }

    #[test]
    fn a_form_is_read_like_a_query_and_its_values_are_never_in_a_refusal() {
        let form = |body: &[u8]| read_form::<BTreeMap<String, String>>(body);
        let fields = form(b"code=cpl_1&password=quatre+mots%26plus").unwrap();
        assert_eq!(fields["password"], "quatre mots&plus");
        let numbers = |body: &[u8]| read_form::<BTreeMap<String, u8>>(body).unwrap_err();
        for body in [&b"password=secret"[..], b"\xff=secret", b"a b=secret"] {
            let problem = numbers(body);
            assert_eq!(problem.code, "MALFORMED_BODY");
            assert!(!problem.detail.contains("secret"), "{}", problem.detail);
        }
    }
}
