//! Central's certificate authority: the certificate of a node, and how tills and phones are made to trust it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use comptoir_http_edge::{PathParams, ProblemResponse, RequestBody, ca_file, ca_page, malformed_body};
use comptoir_proto::certificates_v1::{CertificateRequest, IssuedCertificate, REQUEST_BYTES_MAX};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::instant;
use comptoir_proto::problem::Problem;
use uuid::Uuid;

use super::auth::{credential, forbidden};
use super::caller::CallerHeaders;
use crate::central::Central;
use crate::certificate_issue::record_issue;
use crate::certificates::{Authority, NAMES_MAX, PrivateName, allowed_names};
use crate::identity::{Access, AuthError};

/// `POST /api/v1/nodes/{id}/certificate`.
pub(super) async fn issue(
    State(central): State<Arc<Central>>,
    PathParams(id): PathParams<Uuid>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Json<IssuedCertificate>, ProblemResponse> {
    let credential = credential(&headers);
    let Access::Node { node, site: Some(site) } = credential.access else {
        return Err(forbidden("only a shop's node asks for a certificate, with its own key").into());
    };
    if node.uuid() != id {
        let detail = format!("the key is of node {node}, which asks for no certificate of node {id}");
        return Err(Problem::new(ErrorCode::WrongNode, detail).into());
    }
    let body = body.json(REQUEST_BYTES_MAX).await?;
    let request: CertificateRequest = serde_json::from_slice(&body).map_err(|error| malformed_body(&error))?;
    let authority = authority(&central).await?.ok_or_else(|| {
        let detail =
            "central has no certificate authority: an administrator creates it with `comptoir admin ca create`";
        Problem::new(ErrorCode::CaMissing, detail)
    })?;
    let allowed = allowed_names(central.database(), credential.tenant, site).await?;
    let names = chosen_names(&request.names, allowed)?;
    let now = central.clock().now();
    let issued = authority.issue(&request.csr, &names, now)?;
    if !record_issue(central.database(), &credential, node, (&issued, &names), now).await? {
        return Err(Problem::from(AuthError::Unknown).into());
    }
    let listed = names.iter().map(PrivateName::as_str).collect::<Vec<_>>().join(", ");
    let not_after = instant::format(issued.not_after);
    tracing::info!(node.id = %node, "Issued a certificate for {listed} to node {node}, valid until {not_after}");
    let names = names.iter().map(PrivateName::to_string).collect();
    Ok(Json(IssuedCertificate {
        certificate: issued.certificate,
        ca: authority.certificate().to_owned(),
        names,
        not_after,
    }))
}

/// The names of a certificate: those of the machine itself, and those that were asked for, or else all that are allowed.
fn chosen_names(asked: &[String], allowed: Vec<PrivateName>) -> Result<Vec<PrivateName>, Problem> {
    if asked.len() > NAMES_MAX {
        let detail = format!("a certificate has at most {NAMES_MAX} names, got {}", asked.len());
        return Err(Problem::new(ErrorCode::TooLarge, detail).at("/names"));
    }
    let mut names = PrivateName::of_the_machine().to_vec();
    let others = if asked.is_empty() {
        allowed
    } else {
        let checked = asked.iter().enumerate().map(|(index, text)| {
            let name = PrivateName::parse(text).ok().filter(|name| allowed.contains(name) || names.contains(name));
            name.ok_or_else(|| not_allowed(index, text, &allowed))
        });
        checked.collect::<Result<Vec<_>, _>>()?
    };
    for name in others {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

fn not_allowed(index: usize, text: &str, allowed: &[PrivateName]) -> Problem {
    let listed = allowed.iter().map(PrivateName::as_str).collect::<Vec<_>>().join(", ");
    let listed = if listed.is_empty() { "no name besides localhost" } else { &listed };
    let text: String = text.chars().take(255).collect();
    let detail = format!(
        "the site may not use {text:?}, it may use {listed}: an administrator allows a name with `comptoir admin site allow-name`"
    );
    Problem::new(ErrorCode::NameNotAllowed, detail).at(format!("/names/{index}"))
}

/// Reads the authority's file on a thread that serves no requests.
async fn authority(central: &Central) -> Result<Option<Authority>, ProblemResponse> {
    let Some(folder) = central.ca_folder().map(ToOwned::to_owned) else { return Ok(None) };
    let opened = tokio::task::spawn_blocking(move || Authority::open(&folder)).await;
    let interrupted = |error: tokio::task::JoinError| Problem::new(ErrorCode::Internal, error.to_string());
    Ok(opened.map_err(interrupted)??)
}

/// `GET /ca`.
pub(super) async fn page(State(central): State<Arc<Central>>, request: Request) -> Result<Response, ProblemResponse> {
    let authority = authority(&central).await?;
    Ok(ca_page(authority.as_ref().map(Authority::certificate), request.headers(), request.extensions()))
}

/// `GET /ca.crt`.
pub(super) async fn file(State(central): State<Arc<Central>>) -> Result<Response, ProblemResponse> {
    ca_file(authority(&central).await?.map(|authority| authority.certificate().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_has_the_names_of_the_machine_and_only_what_the_site_is_allowed() {
        let allowed = || ["shop.local", "192.168.1.10"].map(|name| PrivateName::parse(name).unwrap()).to_vec();
        let chosen = |asked: &[&str]| {
            let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
            let names = chosen_names(&asked, allowed());
            names.map(|names| names.iter().skip(3).map(PrivateName::to_string).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(chosen(&[]).unwrap(), "shop.local 192.168.1.10");
        assert_eq!(chosen(&["192.168.1.10", "localhost", "192.168.1.10"]).unwrap(), "192.168.1.10");
        for (asked, place) in [(["shop.local", "other.local"], "/names/1"), (["google.com", "shop.local"], "/names/0")]
        {
            let problem = chosen(&asked).unwrap_err();
            assert_eq!((problem.code.as_str(), problem.pointer.as_deref()), ("NAME_NOT_ALLOWED", Some(place)));
            assert!(problem.detail.contains("it may use shop.local, 192.168.1.10"), "{}", problem.detail);
        }
        assert_eq!(chosen(&["shop.local"; 33]).unwrap_err().code, "TOO_LARGE");
    }
}
