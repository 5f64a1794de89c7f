use std::error::Error;
use std::io;

use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

/// A body that ends with an error: its chunks are no chunks, which another attempt would not change, or the connection failed.
pub(crate) fn broken(error: &axum::Error, place: &str) -> Problem {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    let mut is_malformed = false;
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        is_malformed |= matches!(kind, Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData));
        cause = error.source();
    }
    if is_malformed {
        return Problem::new(ErrorCode::MalformedBody, format!("{place}, has a chunk that does not read ({error})"));
    }
    Problem::new(ErrorCode::RequestTimeout, format!("{place}, broke off ({error}): send it again"))
}
