//! The embedded screens over HTTP. The page is checked again at every visit; all that it loads has a digest in its name and stays
//! in the browser for good, so an upgrade never mixes two versions.

use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_screens::Asset;

use crate::problem_response::ProblemResponse;
use crate::security_headers::PERMISSIONS_POLICY;
use crate::tagged::{has_current, not_modified, with_etag};

/// What the screens may do: run and load what this server has, and talk to it. No inline script or style.
pub const SCREENS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// A year: the name changes with the content.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// Codes are scanned with the camera, and a delivery says where it was made. No other page may ask for either.
const SCREENS_PERMISSIONS: &str = "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()";

/// Whether this program was compiled with its screens.
pub fn has_screens() -> bool {
    comptoir_screens::index().is_some()
}

/// The page of the screens; `None` if this program was compiled without them.
pub fn screens_page(headers: &HeaderMap) -> Option<Response> {
    Some(checked_at_every_visit(comptoir_screens::index()?, headers))
}

/// A file with a fixed name: the drivers' page, their service worker, its manifest.
pub fn screens_file(name: &str, headers: &HeaderMap) -> Result<Response, ProblemResponse> {
    let missing =
        || Problem::new(ErrorCode::NotFound, "this program was compiled without screens; `make web` builds them");
    Ok(checked_at_every_visit(comptoir_screens::asset(name).ok_or_else(missing)?, headers))
}

fn checked_at_every_visit(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let mut response = answer(asset, headers);
    let own = response.headers_mut();
    own.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(SCREENS_POLICY));
    own.insert(PERMISSIONS_POLICY, HeaderValue::from_static(SCREENS_PERMISSIONS));
    own.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// A file that the page loads.
pub fn screens_asset(name: &str, headers: &HeaderMap) -> Result<Response, ProblemResponse> {
    let missing = || Problem::new(ErrorCode::NotFound, format!("the screens have no file {name:?}; reload the page"));
    let mut response = answer(comptoir_screens::asset(name).ok_or_else(missing)?, headers);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(FOR_GOOD));
    Ok(response)
}

fn answer(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let coding = Coding::accepted(headers);
    let (name, bytes) = match coding {
        Coding::Plain => ("", asset.plain),
        Coding::Gzip => ("gzip", asset.gzip),
        Coding::Brotli => ("br", asset.brotli),
    };
    // The forms differ in their bytes, so each has a tag of its own.
    let tag = format!("\"{}{name}\"", asset.tag);
    let mut response = if has_current(headers, &tag) { not_modified(&tag) } else { with_etag(bytes, &tag) };
    let own = response.headers_mut();
    own.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    own.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if !name.is_empty() {
        own.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    response
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Coding {
    Plain,
    Gzip,
    Brotli,
}

impl Coding {
    /// The smallest form that the caller takes. Browsers name what they take without weights; one with weight 0 is not taken.
    fn accepted(headers: &HeaderMap) -> Coding {
        let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let named: Vec<&str> = values
            .flat_map(|value| value.split(','))
            .filter_map(|one| {
                let (name, weight) = one.split_once(';').unwrap_or((one, ""));
                let is_refused = matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
                (!is_refused).then(|| name.trim())
            })
            .collect();
        let takes = |coding: &str| named.iter().any(|name| name.eq_ignore_ascii_case(coding));
        if takes("br") {
            Coding::Brotli
        } else if takes("gzip") {
            Coding::Gzip
        } else {
            Coding::Plain
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::http::header::{ETAG, IF_NONE_MATCH};

    use super::*;

    static ASSET: Asset = Asset::for_tests();

    fn asking(accepted: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(accepted))])
    }

    #[test]
    fn a_browser_gets_the_smallest_form_that_it_takes() {
        for (accepted, coding) in [
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("gzip", Coding::Gzip),
            ("br;q=0, gzip;q=0.5", Coding::Gzip),
            ("identity", Coding::Plain),
        ] {
            assert_eq!(Coding::accepted(&asking(accepted)), coding, "{accepted}");
        }
        assert_eq!(Coding::accepted(&HeaderMap::new()), Coding::Plain);
    }

    #[test]
    fn each_form_has_a_tag_that_a_second_visit_sends_back() {
        let first = answer(&ASSET, &asking("br"));
        let tag = first.headers()[ETAG].clone();
        assert_eq!(
            (first.status(), &first.headers()[CONTENT_ENCODING]),
            (StatusCode::OK, &HeaderValue::from_static("br"))
        );
        assert_ne!(tag, answer(&ASSET, &asking("gzip")).headers()[ETAG]);
        let mut again = asking("br");
        again.insert(IF_NONE_MATCH, tag);
        assert_eq!(answer(&ASSET, &again).status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn an_unknown_file_is_a_problem() {
        assert!(screens_asset("../Cargo.toml", &HeaderMap::new()).is_err());
    }

    #[test]
    fn a_page_may_use_the_camera_for_itself_alone() {
        let page = checked_at_every_visit(&ASSET, &HeaderMap::new());
        let permissions = page.headers()[PERMISSIONS_POLICY].to_str().unwrap();
        assert!(permissions.starts_with("camera=(self), geolocation=(self), microphone=()"), "{permissions}");
        assert_eq!(page.headers()[CACHE_CONTROL], "no-cache");
    }

    #[test]
    fn the_screens_run_no_inline_code() {
        assert!(!SCREENS_POLICY.contains("unsafe") && SCREENS_POLICY.starts_with("default-src 'none'; "));
    }
}
