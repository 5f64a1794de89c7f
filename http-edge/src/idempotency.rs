use axum::http::HeaderMap;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

const KEY_CHARS_MAX: usize = 255;

/// The request's `Idempotency-Key`, from which the ids of drafts without one are derived.
///
/// `INVALID_PARAMETER` where it is not 1 to 255 visible ASCII characters.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=KEY_CHARS_MAX).contains(&key.len()));
    key.map(Some).ok_or_else(|| {
        let detail = format!("an Idempotency-Key has 1 to {KEY_CHARS_MAX} visible ASCII characters, got {value:?}");
        Problem::new(ErrorCode::InvalidParameter, detail)
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_key_is_short_visible_ascii() {
        let read = |value: &str| {
            let headers = HeaderMap::from_iter([(
                "idempotency-key".parse().unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            )]);
            idempotency_key(&headers).map(|key| key.map(str::to_owned)).map_err(|problem| problem.code)
        };
        assert_eq!(read("sale-1"), Ok(Some("sale-1".to_owned())));
        for bad in ["", "é", &"x".repeat(256)] {
            assert_eq!(read(bad), Err("INVALID_PARAMETER".to_owned()), "{bad:?}");
        }
        assert_eq!(idempotency_key(&HeaderMap::new()), Ok(None));
    }
}
