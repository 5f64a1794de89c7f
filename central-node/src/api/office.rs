//! Head office's screens: their page, the login of a browser, and what the person who uses them may see.
//!
//! The browser keeps the refresh token in a cookie that no script reads, and the access token in the memory of its page. The
//! edge has compared `Origin` with `Host`, and a page elsewhere cannot read an answer.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::header::{CACHE_CONTROL, COOKIE, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use comptoir_core::access::{AccessOperation, allows_somewhere};
use comptoir_core::id::TenantId;
use comptoir_http_edge::{Client, ProblemResponse, RequestBody, foreign_page, screens_file};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::identity_v1::{BrowserLogin, BrowserTokens, Me, MyCompany, MySite};
use comptoir_proto::paths;
use comptoir_proto::problem::Problem;

use super::auth::{credential, forbidden};
use super::caller::CallerHeaders;
use super::sessions::{read, role_dto};
use crate::accounts::{LoginRequest, Tokens};
use crate::central::Central;
use crate::database;
use crate::identity;
use crate::tenant;

/// As `web/scripts/embed.mjs` names it.
const PAGE: &str = "office.html";
/// The cookie of a login. Over TLS its name makes the browser keep it to this host.
const COOKIE_NAME: &str = "comptoir_office";
const COOKIE_NAME_OVER_TLS: &str = "__Host-comptoir_office";
/// A refresh token is refused when it is seven days old, whatever the cookie says.
const COOKIE_SECONDS: u32 = 7 * 24 * 3_600;

pub(super) fn router() -> Router<Arc<Central>> {
    Router::new()
        .route(paths::OFFICE_SHORT, get(async || Redirect::permanent(paths::OFFICE)))
        .route(paths::OFFICE, get(async |headers: HeaderMap| screens_file(PAGE, &headers)))
        .route(paths::OFFICE_LOGIN, post(log_in).delete(log_out))
        .route(paths::OFFICE_REFRESH, post(refresh))
        .route(paths::ME, get(me))
}

async fn log_in(
    State(central): State<Arc<Central>>,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    body: RequestBody,
) -> Result<Response, ProblemResponse> {
    let over_tls = page_over_tls(&headers)?;
    let BrowserLogin { tenant, login, password } = read(body).await?;
    let address = client.map(|Extension(client)| client.address);
    let tenant = tenant.map(TenantId::new);
    let request = LoginRequest { tenant, login, password, device: None, challenge: None, proof: None, address };
    Ok(answer(central.accounts().log_in(&request).await?, over_tls))
}

async fn refresh(State(central): State<Arc<Central>>, headers: HeaderMap) -> Result<Response, ProblemResponse> {
    let over_tls = page_over_tls(&headers)?;
    let token = refresh_token(&headers).ok_or_else(|| {
        Problem::new(ErrorCode::ReauthenticationRequired, "this browser has no login here: log in with a password")
    })?;
    Ok(answer(central.accounts().refresh(token, None, None).await?, over_tls))
}

async fn log_out(State(central): State<Arc<Central>>, headers: HeaderMap) -> Result<Response, ProblemResponse> {
    let over_tls = page_over_tls(&headers)?;
    if let Some(token) = refresh_token(&headers) {
        central.accounts().log_out(token).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie("", 0, over_tls))]).into_response())
}

/// Whether the page was reached over TLS, as its origin says, also through a proxy. Only a page has an origin, and only a page
/// has this cookie.
fn page_over_tls(headers: &HeaderMap) -> Result<bool, ProblemResponse> {
    let origin = headers.get(ORIGIN).ok_or_else(|| foreign_page("unknown origin"))?;
    Ok(origin.as_bytes().starts_with(b"https://"))
}

fn refresh_token(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    let mut named = pairs.filter_map(|pair| pair.trim().split_once('='));
    named.find(|(name, _)| [COOKIE_NAME, COOKIE_NAME_OVER_TLS].contains(name)).map(|(_, value)| value)
}

fn cookie(token: &str, seconds: u32, over_tls: bool) -> String {
    let (name, secure) = if over_tls { (COOKIE_NAME_OVER_TLS, "; Secure") } else { (COOKIE_NAME, "") };
    format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

fn answer(tokens: Tokens, over_tls: bool) -> Response {
    let headers =
        [(SET_COOKIE, cookie(&tokens.refresh_token, COOKIE_SECONDS, over_tls)), (CACHE_CONTROL, "no-store".to_owned())];
    let body = BrowserTokens { access_token: tokens.access_token, expires_in: tokens.access_seconds };
    (headers, Json(body)).into_response()
}

/// `GET /api/v1/me`.
async fn me(State(central): State<Arc<Central>>, headers: CallerHeaders) -> Result<Json<Me>, ProblemResponse> {
    let credential = credential(&headers);
    let tenant = credential.tenant;
    let access = credential.user().ok_or_else(|| forbidden("this describes a person, and the credential is a key"))?;
    let user = central.accounts().find_user(tenant, &access.user.to_string()).await?;
    let company = company(&central, tenant).await?;
    let sites = identity::sites(central.database(), tenant).await.map_err(Problem::from)?;
    // A person of one shop sees its name, and no other shop's.
    let shown = access.sites();
    let sites = sites.into_iter().filter(|row| shown.is_empty() || shown.contains(&row.site));
    let may = AccessOperation::ALL
        .into_iter()
        .filter(|operation| allows_somewhere(access.permissions(), &access.roles, *operation));
    Ok(Json(Me {
        user: access.user.uuid(),
        login: user.login,
        name: user.name,
        roles: access.roles.iter().map(role_dto).collect(),
        may: may.map(|operation| operation.as_str().to_owned()).collect(),
        company,
        sites: sites.map(|row| MySite { id: row.site.uuid(), code: row.code, name: row.name }).collect(),
    }))
}

async fn company(central: &Central, tenant: TenantId) -> Result<MyCompany, Problem> {
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let currency = tenant::currency(&tx, tenant).await?.as_str().to_owned();
    let (name, zone) = tenant::name_and_zone(&tx, tenant).await?;
    Ok(MyCompany { id: tenant.uuid(), name, zone, currency })
}
