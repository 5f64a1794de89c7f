use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
};
use axum::http::{Extensions, HeaderMap};
use axum::response::{IntoResponse as _, Response};
use comptoir_proto::ca_page::{CA_CONTENT_TYPE, CaPage, fingerprint};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::start_page::{self, Language};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use crate::client::Client;
use crate::problem_response::ProblemResponse;

/// `GET /ca`: how to trust the authority with this certificate in PEM, if there is one.
pub fn ca_page(pem: Option<&str>, headers: &HeaderMap, extensions: &Extensions) -> Response {
    let der = pem.and_then(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).ok());
    let page = CaPage {
        language: Language::accepted(headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok())),
        fingerprint: der.map(|der| fingerprint(&der)),
        over_tls: extensions.get::<Client>().is_some_and(|client| client.over_tls),
    };
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, start_page::CONTENT_SECURITY_POLICY),
        (CACHE_CONTROL, "no-store"),
        (VARY, "accept-language"),
    ];
    (headers, page.html()).into_response()
}

/// `GET /ca.crt`: the certificate itself. `CA_MISSING` where there is none.
pub fn ca_file(pem: Option<String>) -> Result<Response, ProblemResponse> {
    let missing = "no certificate authority is known here: an administrator creates it with `comptoir admin ca create` on central's \
                   machine, and a node knows it once central has issued it a certificate";
    let pem = pem.ok_or_else(|| Problem::new(ErrorCode::CaMissing, missing))?;
    let headers = [(CONTENT_TYPE, CA_CONTENT_TYPE), (CONTENT_DISPOSITION, "attachment; filename=\"comptoir-ca.crt\"")];
    Ok((headers, pem).into_response())
}
